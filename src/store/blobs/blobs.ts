import type { Readable } from 'node:stream';

/** Bytes by what they are: a blob's name is the SHA-256 of its content, `sha256:<hex>`. A blob never changes. */
export interface Blobs {
  /** Its size in bytes; `undefined` when there is no such blob. */
  size(digest: string): Promise<number | undefined>;
  /** The whole content. Rejects when there is no such blob. */
  read(digest: string): Promise<Buffer>;
  /** The content from `start` to `end`, both included; all of it unless given. It is not deleted while it is read. */
  stream(digest: string, range?: { readonly start: number; readonly end: number }): Readable;
  /** Keeps blobs from being deleted until what is returned is called; those that are garbage by then go. */
  hold(digests: readonly string[]): () => void;
  /**
   * Stores bytes that are at hand, and calls `link` once they are durable: what `link` writes to the store keeps them
   * from being collected. Answers what `link` returns.
   */
  put<Result>(content: Uint8Array, link: (digest: string) => Result): Promise<Result>;
  /** Begins a blob that arrives in pieces. An unfinished one lives for a day after its last piece, and not past a restart. */
  begin(owner: string): Promise<BlobUpload>;
  /** An unfinished upload by its id. */
  upload(id: string): BlobUpload | undefined;
  /** Deletes those of `digests` that nothing refers to and nobody is about to. */
  collect(digests: Iterable<string>, isReferenced: (digest: string) => boolean): void;
  /** The same for every blob there is: at start, for what a crash left behind; at a reset, for all. */
  sweep(isReferenced: (digest: string) => boolean): Promise<void>;
}

/** A blob on its way. Nothing of it is visible before `commit`. A call while another runs rejects with `UploadBusy`. */
export interface BlobUpload {
  readonly id: string;
  /** Whoever began it says whose it is. */
  readonly owner: string;
  /** Bytes received so far. */
  readonly size: number;
  /** The digest of what was received so far. */
  digest(): string;
  /** Adds to the end. Rejects when the source breaks off: what had arrived by then stays. */
  append(source: AsyncIterable<Uint8Array>): Promise<void>;
  /**
   * Makes the blob visible if its content has this digest, and calls `link` as `Blobs.put` does. Rejects with
   * `DigestMismatch`, and the upload is gone, if not.
   */
  commit<Result>(digest: string, link: (size: number) => Result): Promise<Result>;
  /** Forgets what arrived. */
  abort(): Promise<void>;
}

/** Two clients, or one that did not wait, write to the same upload. */
export class UploadBusy extends Error {
  override readonly name = 'UploadBusy';

  constructor() {
    super('another request is writing to this upload');
  }
}

/** The content of an upload is not what its digest says. */
export class DigestMismatch extends Error {
  override readonly name = 'DigestMismatch';
  readonly found: string;

  constructor(wanted: string, found: string) {
    super(`the content has the digest ${found}, not ${wanted}`);
    this.found = found;
  }
}
