import { given } from '../../base/given.ts';
import type { AwsError } from '../../base/errors.ts';
import { arn } from '../../base/arn.ts';
import type { Bucket } from '../../model/s3/bucket.ts';
import type { ObjectEncryption } from '../../model/s3/object.ts';
import type { Scoped } from '../../model/tags.ts';
import { faultOf, identifyKey, isFault, type KeyFault } from '../../store/keys/identify-key.ts';
import type { EncryptionContext } from '../../store/keys/vault.ts';
import type { S3Deps } from './deps.ts';
import { invalidArgument, refuse, s3Error } from './errors.ts';

interface CustomerKeyInput {
  readonly SSECustomerAlgorithm?: string | undefined;
  readonly SSECustomerKey?: string | undefined;
  readonly SSECustomerKeyMD5?: string | undefined;
}

/** What a request that writes says of encryption. */
export interface EncryptionInput extends CustomerKeyInput {
  readonly ServerSideEncryption?: string | undefined;
  readonly SSEKMSKeyId?: string | undefined;
  readonly SSEKMSEncryptionContext?: string | undefined;
  readonly BucketKeyEnabled?: boolean | undefined;
}

/** With what content is encrypted that is written now. */
export interface Sealing {
  readonly encryption: ObjectEncryption;
  readonly dataKey: Buffer;
}

/** An object by its name. */
interface Place {
  readonly bucket: string;
  readonly key: string;
}

const header = 'x-amz-server-side-encryption';
const defaultKey = 'alias/aws/s3';
const dataKeyBytes = 32;

/**
 * How an object is encrypted that is written now: as the request says, or else as its bucket does; `undefined` for S3's own keys alone,
 * as all content is. Throws InvalidArgument, and for a key that cannot be used KMS's error with `KMS.` before it.
 */
export function chooseEncryption(
  deps: S3Deps,
  bucket: Bucket,
  key: string,
  input: EncryptionInput,
): Sealing | undefined {
  refuseCustomerKey(input);
  const { ServerSideEncryption: method, SSEKMSKeyId, SSEKMSEncryptionContext } = input;
  refuse({ [`${header}: ${method}`]: method === 'aws:kms:dsse' || method === 'aws:fsx' ? method : undefined });
  if (method !== undefined && method !== 'AES256' && method !== 'aws:kms') {
    throw invalidArgument('The encryption method specified is not supported', header, method);
  }
  if (method !== 'aws:kms' && (SSEKMSKeyId !== undefined || SSEKMSEncryptionContext !== undefined)) {
    const message = `Server Side Encryption with AWS KMS managed key requires HTTP header ${header} : aws:kms`;
    throw invalidArgument(message, header, method ?? 'null');
  }
  const isKms = method === 'aws:kms' || (method === undefined && bucket.kmsDefault !== undefined);
  if (!isKms) {
    refuse({ [`${header}-bucket-key-enabled`]: input.BucketKeyEnabled });
    return undefined;
  }
  const context = readContext(SSEKMSEncryptionContext);
  const keyId = method === undefined ? bucket.kmsDefault?.keyId : SSEKMSKeyId;
  const kmsKey = usableKey(deps, bucket, keyId ?? defaultKey);
  const bucketKey = input.BucketKeyEnabled ?? bucket.bucketKey ?? false;
  const dataKey = deps.vault.random(dataKeyBytes);
  const place = { bucket: bucket.name, key };
  const wrapped = deps.vault.encrypt(kmsKey, dataKey, contextOf(place, bucketKey, context));
  const encryption: ObjectEncryption = {
    kmsKeyArn: kmsKey.arn,
    ...given('context', context),
    bucketKey,
    dataKey: wrapped.toString('base64'),
  };
  return { encryption, dataKey };
}

/** The same for what is added to something that is encrypted already: a part to its upload. */
export function sealingOf(
  deps: S3Deps,
  scope: Scoped,
  place: Place,
  encryption: ObjectEncryption | undefined,
): Sealing | undefined {
  return encryption && { encryption, dataKey: openDataKey(deps, scope, place, encryption) };
}

/** The data key of an object, or of an upload to it. `scope` is its bucket's. Throws what S3 says when KMS will not decrypt it. */
export function openDataKey(deps: S3Deps, scope: Scoped, place: Place, encryption: ObjectEncryption): Buffer {
  const { dataKey, bucketKey, context } = encryption;
  const opened = deps.vault.decrypt(
    deps.store,
    scope,
    Buffer.from(dataKey, 'base64'),
    contextOf(place, bucketKey, context),
  );
  if (opened === 'no-key' || opened === 'invalid') {
    const message =
      'The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.';
    throw s3Error(403, 'AccessDenied', message);
  }
  const fault = faultOf(opened.key, 'ENCRYPT_DECRYPT', 'Decrypt');
  if (fault !== undefined) throw kmsError(fault);
  return opened.plaintext;
}

/** What is answered of an object's encryption: every one is encrypted on the disk, asked for or not (`src/store/blobs`). */
export function encryptionAnswer(encryption: ObjectEncryption | undefined) {
  if (encryption === undefined) return { ServerSideEncryption: 'AES256' as const };
  const { kmsKeyArn, bucketKey } = encryption;
  return {
    ServerSideEncryption: 'aws:kms' as const,
    SSEKMSKeyId: kmsKeyArn,
    ...given('BucketKeyEnabled', bucketKey ? true : undefined),
  };
}

/** The same to whoever wrote it, with the context that was given. */
export function writtenAnswer(encryption: ObjectEncryption | undefined) {
  const context = encryption?.context;
  const said = context === undefined ? undefined : Buffer.from(JSON.stringify(context)).toString('base64');
  return { ...encryptionAnswer(encryption), ...given('SSEKMSEncryptionContext', said) };
}

/** Refuses keys that the client brings ("Using server-side encryption with customer-provided keys"). */
export function refuseCustomerKey(input: CustomerKeyInput): void {
  refuse({
    'x-amz-server-side-encryption-customer-algorithm': input.SSECustomerAlgorithm,
    'x-amz-server-side-encryption-customer-key': input.SSECustomerKey,
    'x-amz-server-side-encryption-customer-key-MD5': input.SSECustomerKeyMD5,
  });
}

function usableKey(deps: S3Deps, scope: Scoped, keyId: string) {
  const { store, vault, clock } = deps;
  const ours = keyId === defaultKey || keyId === arn('kms', scope.region, scope.account, defaultKey);
  const key = ours
    ? store.transact((tx) => vault.managed(tx, scope, defaultKey, clock.now()))
    : identifyKey(store, scope, keyId);
  if (isFault(key)) throw kmsError(key);
  const fault = faultOf(key, 'ENCRYPT_DECRYPT', 'GenerateDataKey');
  if (fault !== undefined) throw kmsError(fault);
  return key;
}

function kmsError({ code, message }: KeyFault): AwsError {
  return s3Error(400, `KMS.${code}`, message);
}

/** "Encryption context": the object's ARN, the bucket's with a bucket key; and what the client adds. */
function contextOf({ bucket, key }: Place, bucketKey: boolean, more: EncryptionContext | undefined): EncryptionContext {
  return { ...more, 'aws:s3:arn': `arn:aws:s3:::${bucket}${bucketKey ? '' : `/${key}`}` };
}

function readContext(text: string | undefined): EncryptionContext | undefined {
  if (text === undefined) return undefined;
  const parsed = jsonIn(Buffer.from(text, 'base64').toString('utf8'));
  const isMap = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
  if (isMap && Object.values(parsed).every((value) => typeof value === 'string')) return parsed as EncryptionContext;
  const message = `The header '${header}-context' shall be Base64-encoded UTF-8 string holding JSON which represents a string-string map`;
  throw invalidArgument(message, `${header}-context`, text);
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
