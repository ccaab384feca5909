import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { AwsError } from '../../base/errors.ts';
import { Malformed, serializationError } from '../codec/problem.ts';
import { UnknownParameter } from '../codec/query.ts';
import type { StreamedBody } from '../handlers.ts';
import type { ErrorModel, Operation, ServiceModel } from '../schema/model.ts';

/** What comes before the body of an HTTP request. */
export interface RequestHead {
  readonly method: string;
  /** Without the query; the bucket that was named by the host comes first in it. */
  readonly path: string;
  /** The path as it was sent, and signed, where it is another. */
  readonly sentPath?: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
}

/** An HTTP request whose body was read and decoded, or is still to come. */
export interface WireRequest extends RequestHead {
  readonly body: Buffer;
  /** The body instead, of an operation whose input streams. */
  readonly stream?: StreamedBody;
}

/** An HTTP answer. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Of a stream, or in answer to HEAD, `content-length` is among the headers. */
  readonly body: string | Uint8Array | Readable;
}

/** An error on its way to a client. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly status: number;
  readonly fault: 'client' | 'server';
  readonly members: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
  /** The path that was asked for, without the query. */
  readonly resource: string;
  /** The modelled error of that code. */
  readonly model: ErrorModel | undefined;
  /** The service asked, where that much is known. */
  readonly service: ServiceModel | undefined;
}

/** How requests and answers of one wire protocol look. */
export interface Protocol {
  /** The operation's input. Throws `AwsError`, `Malformed` or `UnknownParameter`. */
  read(operation: Operation, request: WireRequest): Record<string, unknown>;
  write(operation: Operation, output: Readonly<Record<string, unknown>>, requestId: string): WireAnswer;
  fail(problem: Problem, requestId: string): WireAnswer;
}

/** Where the code of a wrong value is SerializationException whatever the service. */
export function orSerializationError<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (error instanceof Malformed) throw serializationError(error.message);
    throw error;
  }
}

/** What a client is told of anything thrown. `undefined` for what is no answer at all but a bug of ours. */
export function problemOf(thrown: unknown, service: ServiceModel | undefined, resource = ''): Problem | undefined {
  const error = clientError(thrown, service);
  if (error === undefined) return undefined;
  const model = service?.error(error.code);
  const modelled = model !== undefined && !(model.fault === 'client' && service?.row.always400 === true);
  const status = error.status === 400 && modelled ? model.status : error.status;
  return {
    code: error.code,
    message: error.message,
    status,
    fault: model?.fault ?? (status >= 500 ? 'server' : 'client'),
    members: error.members,
    headers: error.headers,
    resource,
    model,
    service,
  };
}

function clientError(thrown: unknown, service: ServiceModel | undefined): AwsError | undefined {
  if (thrown instanceof AwsError) return thrown;
  if (thrown instanceof UnknownParameter) return new AwsError('UnknownParameter', thrown.message);
  if (thrown instanceof Malformed) return new AwsError(service?.row.malformedCode ?? 'MalformedInput', thrown.message);
  return undefined;
}

/** The error's members for its body: its own, and the message under the name that its model has for it. */
export function errorMembers(problem: Problem): Record<string, unknown> {
  const byName = problem.model?.shape.byName;
  const name = byName?.has('Message') === true ? 'Message' : 'message';
  return { ...problem.members, [name]: problem.message };
}
