import type { Readable } from 'node:stream';

/** Who calls, from the request's credential ("Signature Version 4", IAM User Guide). */
export interface Caller {
  readonly accessKeyId: string;
  readonly account: string;
  /** `arn:aws:iam::<account>:root` until IAM users exist. */
  readonly arn: string;
  readonly userId: string;
}

/** What a handler knows of the request beside its input. */
export interface Ctx {
  readonly account: string;
  /** Of the signature; empty where that knows of none, in S3's old presigned URLs. */
  readonly region: string;
  readonly caller: Caller;
  readonly requestId: string;
  /** The endpoint by which the client reached us, `http://127.0.0.1:4566`: for URLs in answers. */
  readonly endpoint: string;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
}

/** The body of a request as it arrives: it is read once, and reading it to its end verifies what the request says of it. */
export interface StreamedBody extends AsyncIterable<Uint8Array> {
  /** Its size in bytes as the client announced it. */
  readonly announcedBytes: number | undefined;
  /** The names of headers that are to come after it, in lower case. */
  readonly announcedTrailers: readonly string[];
  /** Headers that came after the body, by their lower-case names; there once it has been read to its end. */
  readonly trailers: ReadonlyMap<string, string>;
}

/** An input or output as handlers have it: bodies that stream come as `StreamedBody`, and are answered as `Readable`. */
type Streamed<Members, Body> = {
  [Name in keyof Members]: Readable extends Members[Name] ? Body | undefined : StreamedOutput<Members[Name], Body>;
};
type StreamedOutput<Value, Body> =
  NonNullable<Value> extends { transformToByteArray(): unknown } ? Body | undefined : Value;

type InputOf<Command> = Command extends abstract new (...args: never[]) => { readonly input: infer Input }
  ? Streamed<Input, StreamedBody>
  : never;
type OutputOf<Command> = Command extends abstract new (...args: never[]) => {
  resolveMiddleware: (...args: never[]) => (...args: never[]) => Promise<infer Result>;
}
  ? Result extends { output: infer Output }
    ? Streamed<Omit<Output, '$metadata'>, Readable>
    : never
  : never;

/**
 * The handlers of a service, typed by the SDK client package `Sdk` (`typeof import('@aws-sdk/client-ecs')`): a wrong
 * operation name, a wrong input member or a missing output member is a compile error. An operation without a handler
 * answers that it is not served.
 */
export type Handlers<Sdk> = {
  readonly [K in keyof Sdk as K extends `${infer Name}Command` ? (Name extends '$' ? never : Name) : never]?: (
    input: InputOf<Sdk[K]>,
    ctx: Ctx,
  ) => OutputOf<Sdk[K]> | Promise<OutputOf<Sdk[K]>>;
};
