import { createHash, createHmac } from 'node:crypto';
import { AwsError } from '../base/errors.ts';
import { signingKey } from '../base/sigv4.ts';
import type { ChunkWatch } from './chunked.ts';
import { s3Refusal } from './s3-refusals.ts';
import type { Signature } from './sigv4.ts';

const emptyHash = createHash('sha256').digest('hex');

/**
 * Checks the signatures of an aws-chunked body, each of which signs the one before ("Signature calculations for the
 * Authorization Header: Transferring Payload in Multiple Chunks", S3 API Reference).
 */
export function chunkSignatures(signed: Signature, secret: string, hasTrailers: boolean): ChunkWatch {
  const key = signingKey(secret, signed);
  const scope = `${signed.date}/${signed.region}/${signed.service}/aws4_request`;
  let previous = signed.signature;
  let hash = createHash('sha256');
  const check = (kind: string, hashes: string, given: string | undefined): void => {
    const text = `AWS4-HMAC-SHA256-${kind}\n${signed.signedAt}\n${scope}\n${previous}\n${hashes}`;
    previous = createHmac('sha256', key).update(text).digest('hex');
    if (given !== previous) throw s3Refusal('mismatch', false);
  };
  return {
    data: (bytes) => void hash.update(bytes),
    end(signature) {
      check('PAYLOAD', `${emptyHash}\n${hash.digest('hex')}`, signature);
      hash = createHash('sha256');
    },
    trailers(text, signature) {
      if (!hasTrailers && text !== '') throw new AwsError('MalformedTrailerError', 'The request has no signed trailer');
      if (hasTrailers) check('TRAILER', createHash('sha256').update(text).digest('hex'), signature);
    },
  };
}
