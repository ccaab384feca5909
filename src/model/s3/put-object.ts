/** Stores an object of an account on behalf of what runs here, as any program would: by S3's own operation, throws what S3 answers. */
export type PutObject = (object: {
  readonly account: string;
  readonly bucket: string;
  readonly key: string;
  readonly sizeBytes: number;
  readonly content: AsyncIterable<Uint8Array>;
}) => Promise<void>;
