import { createHash } from 'node:crypto';
import { checksumOf, type ChecksumName } from '../../base/checksums.ts';
import type { Blobs } from '../../store/blobs/blobs.ts';
import { streamContent, type Content } from './content.ts';

/** Reads a content through, for its MD5 in hexadecimal digits and a checksum in base64. */
export async function digestContent(
  blobs: Blobs,
  content: Content,
  name: ChecksumName,
): Promise<{ md5: string; checksum: string }> {
  const size = content.segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const md5 = createHash('md5');
  const checksum = checksumOf(name);
  for await (const bytes of streamContent(blobs, content, { start: 0, end: size - 1 }) as AsyncIterable<Buffer>) {
    md5.update(bytes);
    checksum.update(bytes);
  }
  return { md5: md5.digest('hex'), checksum: checksum.digest().toString('base64') };
}
