import { createHash, type Hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { AwsError } from '../base/errors.ts';
import { BadChunks, decodeChunks, type ChunkWatch } from './chunked.ts';
import type { StreamedBody } from './handlers.ts';
import type { Operation } from './schema/model.ts';

const hashForm = /^[0-9a-f]{64}$/;

/** Whether an operation's body is taken as it arrives. */
export function takesStream(operation: Operation): boolean {
  return operation.input.members.some(({ traits }) => traits.httpPayload === 1 && traits.streaming === 1);
}

/** The body of a request whose operation takes it as it arrives (S3 PutObject). Nothing is read before the handler asks. */
export class RequestStream implements StreamedBody {
  readonly announcedBytes: number | undefined;
  readonly announcedTrailers: readonly string[];
  readonly trailers = new Map<string, string>();
  readonly #request: IncomingMessage;
  readonly #begin: () => void;
  readonly #isChunked: boolean;
  readonly #claimedHash: string | undefined;
  #watch: ChunkWatch | undefined;
  #begun = false;

  /** `begin` is called when the first byte is asked for: a client may wait for that (`Expect: 100-continue`). */
  constructor(request: IncomingMessage, begin: () => void) {
    this.#request = request;
    this.#begin = begin;
    const { headers } = request;
    const claimed = headers['x-amz-content-sha256'];
    const claim = typeof claimed === 'string' ? claimed : '';
    const encodings = (headers['content-encoding'] ?? '').split(/\s*,\s*/);
    this.#isChunked = claim.startsWith('STREAMING-') || encodings.includes('aws-chunked');
    this.#claimedHash = hashForm.test(claim) ? claim : undefined;
    const trailer = headers['x-amz-trailer'];
    this.announcedTrailers = typeof trailer === 'string' ? trailer.toLowerCase().split(/\s*,\s*/) : [];
    const announced =
      headers['x-amz-decoded-content-length'] ?? (this.#isChunked ? undefined : headers['content-length']);
    this.announcedBytes = typeof announced === 'string' && /^\d+$/.test(announced) ? Number(announced) : undefined;
  }

  /** Whether anything of it was asked for. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Has the signature of each chunk checked. */
  checkChunks(watch: ChunkWatch): void {
    this.#watch = watch;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void> {
    if (this.#begun) throw new Error('the body of a request is read once');
    this.#begun = true;
    this.#begin();
    const hash = this.#claimedHash === undefined ? undefined : createHash('sha256');
    // What stops reading halfway still has an answer to give: the connection stays.
    const source = this.#request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
    let size = 0;
    try {
      for await (const bytes of this.#isChunked ? decodeChunks(source, this.trailers, this.#watch) : source) {
        size += bytes.length;
        hash?.update(bytes);
        yield bytes;
      }
    } catch (error) {
      if (error instanceof BadChunks) throw incomplete();
      throw error;
    }
    if (this.announcedBytes !== undefined && size !== this.announcedBytes) throw incomplete();
    this.#checkHash(hash);
  }

  #checkHash(hash: Hash | undefined): void {
    const found = hash?.digest('hex');
    if (found === this.#claimedHash) return;
    throw hashMismatch(this.#claimedHash ?? '', found ?? '');
  }
}

/** The body is not the one whose SHA-256 the client signed ("Error responses", S3 API Reference). */
export function hashMismatch(claimed: string, found: string): AwsError {
  const message = "The provided 'x-amz-content-sha256' header does not match what was computed.";
  const members = { ClientComputedContentSHA256: claimed, S3ComputedContentSHA256: found };
  return new AwsError('XAmzContentSHA256Mismatch', message, { members });
}

function incomplete(): AwsError {
  return new AwsError(
    'IncompleteBody',
    'You did not provide the number of bytes specified by the Content-Length HTTP header.',
  );
}
