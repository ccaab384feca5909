import { invalidArgument, refuse } from './errors.ts';

/**
 * What is answered of every object: its content is encrypted on the disk, as S3 does since January 2023 whether asked or
 * not ("Using server-side encryption with Amazon S3 managed keys"). `src/store/blobs` does it.
 */
export const encrypted = { ServerSideEncryption: 'AES256' } as const;

interface EncryptionInput {
  readonly ServerSideEncryption?: string | undefined;
  readonly SSECustomerAlgorithm?: string | undefined;
  readonly SSECustomerKey?: string | undefined;
  readonly SSECustomerKeyMD5?: string | undefined;
  readonly SSEKMSKeyId?: string | undefined;
  readonly SSEKMSEncryptionContext?: string | undefined;
  readonly BucketKeyEnabled?: boolean | undefined;
}

const header = 'x-amz-server-side-encryption';

/** Takes S3's own encryption; refuses that with keys of KMS or of the client. Throws InvalidArgument. */
export function checkEncryption(input: EncryptionInput): void {
  refuseCustomerKey(input);
  const { ServerSideEncryption: method, SSEKMSKeyId, SSEKMSEncryptionContext } = input;
  refuse({
    [`${header}: ${method}`]: method?.startsWith('aws:kms') === true ? method : undefined,
    [`${header}-bucket-key-enabled`]: input.BucketKeyEnabled,
  });
  if (method !== undefined && method !== 'AES256') {
    throw invalidArgument('The encryption method specified is not supported', header, method);
  }
  if (SSEKMSKeyId !== undefined || SSEKMSEncryptionContext !== undefined) {
    const message = `Server Side Encryption with AWS KMS managed key requires HTTP header ${header} : aws:kms`;
    throw invalidArgument(message, header, method ?? 'null');
  }
}

/** Refuses keys that the client brings ("Using server-side encryption with customer-provided keys"). */
export function refuseCustomerKey(input: EncryptionInput): void {
  refuse({
    'x-amz-server-side-encryption-customer-algorithm': input.SSECustomerAlgorithm,
    'x-amz-server-side-encryption-customer-key': input.SSECustomerKey,
    'x-amz-server-side-encryption-customer-key-MD5': input.SSECustomerKeyMD5,
  });
}
