import { invalidArgument } from './errors.ts';

/** The most that any listing has on a page. */
export const PAGE = 1000;

/** Throws InvalidArgument for what no listing takes. */
export function checkListing(input: {
  readonly EncodingType?: string | undefined;
  readonly OptionalObjectAttributes?: readonly string[] | undefined;
}): void {
  const { EncodingType: encoding, OptionalObjectAttributes: attributes = [] } = input;
  if (encoding !== undefined && encoding !== 'url') {
    throw invalidArgument('Invalid Encoding Method specified in Request', 'encoding-type', encoding);
  }
  // The only one there is tells of objects that are being restored from an archive: there are none.
  const unknown = attributes.find((each) => each !== 'RestoreStatus');
  if (unknown !== undefined) {
    throw invalidArgument('Invalid attribute name specified', 'x-amz-optional-object-attributes', unknown);
  }
}

/** How a listing writes keys: as they are, or, for what XML cannot hold, as a URL does; slashes and stars stay. */
export function encodeKey(encoding: string | undefined): (key: string) => string {
  if (encoding === undefined) return (key) => key;
  return (key) =>
    encodeURIComponent(key)
      .replaceAll('%2F', '/')
      .replaceAll('%20', '+')
      .replaceAll(/[!'()~]/g, (found) => (found === '~' ? '~' : `%${found.charCodeAt(0).toString(16).toUpperCase()}`));
}
