import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { AwsError } from '../base/errors.ts';
import { BadChunks, decodeChunks } from './chunked.ts';
import { serializationError } from './codec/problem.ts';

const empty = Buffer.alloc(0);
/** How much of a body that is too large is read, and thrown away, so that the client gets to hear the refusal. */
const DRAIN_LIMIT = 512 * 1024 * 1024;

/** Reads a request's body of at most `limit` bytes, unzipped and without the frames of aws-chunked. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const encodings = (request.headers['content-encoding'] ?? '').split(/\s*,\s*/);
  const chunked = encodings.includes('aws-chunked') || isStreamingHash(request.headers['x-amz-content-sha256']);
  // Frames add less than an eighth: each holds at least 8 KiB but the last.
  const raw = await readRaw(request, chunked ? limit + limit / 8 + 1024 : limit);
  if (raw === undefined) throw tooLarge(limit);
  const framed = chunked ? await withoutChunks(raw) : raw;
  if (!encodings.includes('gzip')) return framed;
  try {
    return await promisify(gunzip)(framed, { maxOutputLength: limit });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(limit);
    throw serializationError('The request body is not valid gzip');
  }
}

/** Reads what is left of a body, and throws it away, as far as that is worth it. */
export async function drain(request: IncomingMessage): Promise<void> {
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > DRAIN_LIMIT) return;
  }
}

function tooLarge(limit: number): AwsError {
  const mib = Math.floor(limit / 1024 / 1024);
  return new AwsError('RequestEntityTooLargeException', `The request body is larger than the ${mib} MiB allowed`, {
    status: 413,
  });
}

/** `undefined` when there are more than `limit` bytes; nothing beyond the limit is kept. */
function readRaw(request: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  const length = request.headers['content-length'];
  if (length === '0' || (length === undefined && request.headers['transfer-encoding'] === undefined)) {
    return Promise.resolve(empty);
  }
  const { promise, resolve, reject } = Promise.withResolvers<Buffer | undefined>();
  let chunks: Buffer[] = [];
  let size = 0;
  request.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= limit) chunks.push(chunk);
    else chunks = [];
    if (size > DRAIN_LIMIT) resolve(undefined);
  });
  request.on('end', () => {
    const [first] = chunks;
    if (size > limit) resolve(undefined);
    else resolve(chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks, size));
  });
  request.on('error', reject);
  return promise;
}

function isStreamingHash(header: string | string[] | undefined): boolean {
  return typeof header === 'string' && header.startsWith('STREAMING-');
}

async function withoutChunks(raw: Buffer): Promise<Buffer> {
  try {
    return Buffer.concat(await Readable.from(decodeChunks(Readable.from([raw]), new Map())).toArray());
  } catch (error) {
    if (error instanceof BadChunks) throw serializationError(error.message);
    throw error;
  }
}
