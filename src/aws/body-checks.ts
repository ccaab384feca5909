import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { AwsError } from '../base/errors.ts';
import { checksumNames, checksumOf, headerOfChecksum } from '../base/checksums.ts';
import { hashMismatch } from './request-stream.ts';

/**
 * Holds a whole body against what S3's headers say of it: Content-MD5, x-amz-content-sha256, x-amz-checksum-… ("Checking
 * object integrity", Amazon S3 User Guide). Bodies that stream are checked by whoever reads them.
 */
export function checkBody(headers: IncomingHttpHeaders, body: Buffer): void {
  const hash = headers['x-amz-content-sha256'];
  if (typeof hash === 'string' && /^[0-9a-f]{64}$/.test(hash)) {
    const found = createHash('sha256').update(body).digest('hex');
    if (found !== hash) throw hashMismatch(hash, found);
  }
  const md5 = headers['content-md5'];
  if (typeof md5 === 'string') {
    checkMd5Form(md5);
    if (createHash('md5').update(body).digest('base64') !== md5) throw badMd5();
  }
  for (const name of checksumNames) {
    const sent = headers[headerOfChecksum(name)];
    if (typeof sent !== 'string') continue;
    const sum = checksumOf(name);
    sum.update(body);
    if (sum.digest().toString('base64') !== sent) throw badChecksum(name);
  }
}

/** Throws InvalidDigest for what is no MD5 in base64. */
export function checkMd5Form(md5: string): void {
  if (/^[A-Za-z0-9+/]{22}==$/.test(md5)) return;
  throw new AwsError('InvalidDigest', 'The Content-MD5 you specified was invalid.', {
    members: { 'Content-MD5': md5 },
  });
}

/** The error for a body that is not what its Content-MD5 says. */
export function badMd5(): AwsError {
  return new AwsError('BadDigest', 'The Content-MD5 you specified did not match what we received.');
}

/** The error for a body that is not what its checksum says. */
export function badChecksum(name: string): AwsError {
  return new AwsError('BadDigest', `The ${name} you specified did not match the calculated checksum.`);
}
