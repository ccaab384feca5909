import { AwsError } from '../../base/errors.ts';

/** KMS's errors ("Errors" of each operation, KMS API Reference). */
export const kmsErrors = {
  validation: (message: string) => new AwsError('ValidationException', message),
  notFound: (message: string) => new AwsError('NotFoundException', message),
  exists: (message: string) => new AwsError('AlreadyExistsException', message),
  state: (message: string) => new AwsError('KMSInvalidStateException', message),
  usage: (message: string) => new AwsError('InvalidKeyUsageException', message),
  unsupported: (message: string) => new AwsError('UnsupportedOperationException', message),
  denied: (message: string) => new AwsError('AccessDeniedException', message),
  limit: (message: string) => new AwsError('LimitExceededException', message),
  invalidAlias: (message: string) => new AwsError('InvalidAliasNameException', message),
  tag: (message: string) => new AwsError('TagException', message),
  malformedPolicy: (message: string) => new AwsError('MalformedPolicyDocumentException', message),
  // These come without a word.
  invalidCiphertext: () => new AwsError('InvalidCiphertextException', ''),
  invalidMac: () => new AwsError('KMSInvalidMacException', ''),
  invalidMarker: () => new AwsError('InvalidMarkerException', 'The marker is not valid.'),
  incorrectKey: () =>
    new AwsError(
      'IncorrectKeyException',
      'The key ID in the request does not identify a CMK that can perform this operation.',
    ),
};

/** A member that asks for what is not here: it is refused by its name. */
export function notHere(what: string): AwsError {
  return kmsErrors.unsupported(`${what} is not supported by Stowage.`);
}

/** Refuses members that belong to what is not here: grants and Nitro enclaves. */
export function refuseForeign(input: {
  readonly GrantTokens?: readonly string[] | undefined;
  readonly Recipient?: object | undefined;
}): void {
  if ((input.GrantTokens?.length ?? 0) > 0) throw new AwsError('InvalidGrantTokenException', 'There are no grants.');
  if (input.Recipient !== undefined) throw notHere('Recipient');
}

/** Ends a dry run that would have succeeded. */
export function endDryRun(input: { readonly DryRun?: boolean | undefined }): void {
  if (input.DryRun !== true) return;
  throw new AwsError('DryRunOperationException', 'The request would have succeeded, but the DryRun option is set.');
}
