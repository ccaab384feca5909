/**
 * An error that a client gets: `code` is the AWS error code exactly as the operation's model or the service's "Common
 * errors" page names it, the message is a sentence that says what to do. Everything else thrown by a handler is a bug
 * and answers as the service's internal error.
 */
export class AwsError extends Error {
  override readonly name = 'AwsError';
  readonly code: string;
  /** The HTTP status; 400 unless the error's model says otherwise. */
  readonly status: number;
  /** Further members of the error's shape, by their model names. */
  readonly members: Readonly<Record<string, unknown>>;
  /** HTTP headers that the service documents for this error, in lower case: S3 says so much of what it refuses. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: string,
    message: string,
    options: { status?: number; members?: Record<string, unknown>; headers?: Record<string, string> } = {},
  ) {
    super(message);
    this.code = code;
    this.status = options.status ?? 400;
    this.members = options.members ?? {};
    this.headers = options.headers ?? {};
  }
}

/** What a driver's failure means for its caller: try again, give up, or the thing it acted on no longer exists. */
export type DriverErrorKind = 'retryable' | 'fatal' | 'gone';

/** The one error that drivers throw. */
export class DriverError extends Error {
  override readonly name = 'DriverError';
  readonly kind: DriverErrorKind;

  constructor(kind: DriverErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** The message of anything thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
