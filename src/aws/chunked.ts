/** Sees the chunks of an aws-chunked body as they pass; throws for a signature that is not right. */
export interface ChunkWatch {
  /** Some of a chunk's data. */
  data(bytes: Uint8Array): void;
  /** The end of a chunk, and what its first line said of its signature. */
  end(signature: string | undefined): void;
  /** The headers after the last chunk, as they are signed (`name:value\n` each). */
  trailers(text: string, signature: string | undefined): void;
}

/** A body that is not framed as it should be, or that ends too early. */
export class BadChunks extends Error {
  override readonly name = 'BadChunks';
}

/** Longest line in bytes before a chunk, or of a trailing header. */
const LINE_LIMIT = 8192;

/**
 * Takes the frames off an aws-chunked body as it arrives, and puts the headers after it into `trailers` ("Signature
 * calculations for the Authorization Header: Transferring Payload in Multiple Chunks", S3 API Reference).
 */
export async function* decodeChunks(
  source: AsyncIterable<Uint8Array>,
  trailers: Map<string, string>,
  watch?: ChunkWatch,
): AsyncGenerator<Buffer, void> {
  const reader = new ByteReader(source);
  for (;;) {
    const [size = '', ...extensions] = ((await reader.line()) ?? '').split(';');
    if (!/^[0-9a-f]{1,10}$/i.test(size)) throw new BadChunks('The body is not a valid aws-chunked stream');
    const signature = extensions.find((text) => text.startsWith('chunk-signature='))?.slice('chunk-signature='.length);
    let left = Number.parseInt(size, 16);
    const isLast = left === 0;
    while (left > 0) {
      const bytes = await reader.some(left);
      left -= bytes.length;
      watch?.data(bytes);
      yield bytes;
    }
    watch?.end(signature);
    if (isLast) break;
    if ((await reader.line()) !== '') throw new BadChunks('A chunk is longer than it says');
  }
  let signed = '';
  for (let line = await reader.line(); line !== undefined && line !== ''; line = await reader.line()) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon)).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    trailers.set(name, value);
    if (name !== 'x-amz-trailer-signature') signed += `${name}:${value}\n`;
  }
  watch?.trailers(signed, trailers.get('x-amz-trailer-signature'));
  // Whatever follows belongs to nobody, but has to be read for the connection's sake.
  await reader.drain();
}

/** Reads lines and counted bytes out of pieces of any size, copying only lines. */
class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #piece: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** A line without its end; `undefined` when there is nothing more. */
  async line(): Promise<string | undefined> {
    let text = '';
    for (;;) {
      const end = this.#piece.indexOf('\n');
      text += this.#piece.toString('latin1', 0, end < 0 ? undefined : end);
      this.#piece = end < 0 ? this.#piece.subarray(this.#piece.length) : this.#piece.subarray(end + 1);
      if (end >= 0) return text.endsWith('\r') ? text.slice(0, -1) : text;
      if (text.length > LINE_LIMIT) throw new BadChunks('The body is not a valid aws-chunked stream');
      if (!(await this.#next())) return text === '' ? undefined : text;
    }
  }

  /** Between one byte and `most`. */
  async some(most: number): Promise<Buffer> {
    if (this.#piece.length === 0 && !(await this.#next())) throw new BadChunks('The aws-chunked body ends too early');
    const bytes = this.#piece.subarray(0, most);
    this.#piece = this.#piece.subarray(bytes.length);
    return bytes;
  }

  async drain(): Promise<void> {
    while (await this.#next());
  }

  async #next(): Promise<boolean> {
    for (;;) {
      const { value, done } = await this.#source.next();
      if (done === true) return false;
      if (value.length === 0) continue;
      this.#piece = Buffer.isBuffer(value) ? value : Buffer.from(value);
      return true;
    }
  }
}
