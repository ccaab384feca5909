import { invalidArgument } from './errors.ts';

/** Tokens of pages are opaque: the last name of the page before, and what sort of name it is. */
export function pageToken(last: string): string {
  return Buffer.from(`1${last}`, 'utf8').toString('base64');
}

/** The name in a token; `undefined` without one. InvalidArgument for what is none of ours. */
export function readPageToken(token: string | undefined): string | undefined {
  if (token === undefined) return undefined;
  const text = Buffer.from(token, 'base64').toString('utf8');
  if (!text.startsWith('1')) {
    throw invalidArgument('The continuation token provided is incorrect', 'continuation-token', token);
  }
  return text.slice(1);
}
