import type { IncomingMessage } from 'node:http';
import { isoOf, type Clock } from '../../base/clock.ts';
import { DriverError, messageOf } from '../../base/errors.ts';
import { Agent, request } from '../../base/http.ts';
import { sha256Hex, signatureAlgorithm, signatureOf, signingTime } from '../../base/sigv4.ts';
import type { IamRoleCredentials } from '../../wire/acs.ts';

/** In whose name a call is made: what a payload carries of a task's roles. */
export type CallerCredentials = Pick<IamRoleCredentials, 'accessKeyId' | 'secretAccessKey' | 'sessionToken'>;

/** A service as its callers know it. */
export interface AwsService {
  /** As SDKs name it in their errors: `Secrets Manager`. */
  readonly title: string;
  /** In the scope of signatures: `secretsmanager`. */
  readonly scope: string;
  /** The codes that its SDK knows by name, where an error of another code is to be worded as one: `api error <code>`. */
  readonly errors?: readonly string[];
}

/** A request to a service, before it is signed. */
export interface AwsRequest {
  readonly service: AwsService;
  readonly region: string;
  /** The operation's name, for errors. */
  readonly operation: string;
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  /** Percent-encoded; `/` unless given. */
  readonly path?: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** The largest body that is taken in answer, in bytes: 8 MiB unless given. */
  readonly answerLimit?: number;
}

/** The answer to a request that succeeded. */
export interface AwsAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** A call that failed; its message is worded as AWS's SDK for Go words it, which is what the genuine agent reports. */
export class AwsCallError extends Error {
  override readonly name = 'AwsCallError';
  /** The service's code, `ResourceNotFoundException`; `undefined` when it did not answer. */
  readonly code: string | undefined;
  /** The service's message, or why it could not be asked. */
  readonly detail: string;
  /** 0 when nothing was answered. */
  readonly status: number;
  /** Empty when nothing was answered. */
  readonly requestId: string;
  /** How many times it was asked. */
  readonly attempts: number;

  constructor(
    { service, operation }: AwsRequest,
    failure: { code?: string; detail: string; status: number; requestId: string; attempts: number },
  ) {
    const { code, detail, status, requestId, attempts } = failure;
    const tried = attempts === maxAttempts ? `exceeded maximum number of attempts, ${maxAttempts}, ` : '';
    const answer = `https response error StatusCode: ${status}, RequestID: ${requestId}`;
    const known = code === undefined || service.errors?.includes(code) !== false;
    const what =
      code === undefined ? `request send failed, ${detail}` : `${known ? '' : 'api error '}${code}: ${detail}`;
    super(`operation error ${service.title}: ${operation}, ${tried}${answer}, ${what}`);
    this.code = code;
    this.detail = detail;
    this.status = status;
    this.requestId = requestId;
    this.attempts = attempts;
  }
}

/** As often as AWS's SDKs ask in all ("Retry behavior", AWS SDKs and Tools Reference Guide). */
const maxAttempts = 3;
const firstRetryMs = 200;
const answerTimeoutMs = 30_000;
const defaultAnswerLimit = 8 * 1024 * 1024;

/**
 * Calls the AWS APIs of the control plane as any program would: over HTTP, signed with the caller's credentials (Signature
 * Version 4), tried again when the service is away or throttles.
 */
export class AwsClient {
  readonly #endpoint: URL;
  readonly #clock: Clock;
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: 4 });

  /** `endpoint` serves every service and region: `http://127.0.0.1:4566`. */
  constructor(options: { readonly endpoint: string; readonly clock: Clock }) {
    this.#endpoint = new URL(options.endpoint);
    this.#clock = options.clock;
  }

  /** Calls an operation of an awsJson 1.1 service; `target` is `AmazonSSM.GetParameters`. Throws `AwsCallError`. */
  async json<Output>(
    call: Pick<AwsRequest, 'service' | 'region'> & { readonly target: string },
    input: object,
    credentials: CallerCredentials,
    signal?: AbortSignal,
  ): Promise<Output> {
    const { service, region, target } = call;
    const answer = await this.send(
      {
        service,
        region,
        operation: target.slice(target.lastIndexOf('.') + 1),
        method: 'POST',
        headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target },
        body: JSON.stringify(input),
      },
      credentials,
      signal,
    );
    return JSON.parse(answer.body.toString('utf8')) as Output;
  }

  /** Sends a request, and answers what succeeded. Throws `AwsCallError`, or the signal's reason. */
  async send(asked: AwsRequest, credentials: CallerCredentials, signal?: AbortSignal): Promise<AwsAnswer> {
    for (let attempts = 1; ; attempts += 1) {
      const failure = await this.#attempt(asked, credentials, signal);
      if ('body' in failure) return failure;
      signal?.throwIfAborted();
      if (!failure.retryable || attempts === maxAttempts) throw new AwsCallError(asked, { ...failure, attempts });
      await this.#clock.sleep(firstRetryMs * 2 ** (attempts - 1), signal);
    }
  }

  /** Ends connections that nobody uses. */
  close(): void {
    this.#agent.destroy();
  }

  async #attempt(
    asked: AwsRequest,
    credentials: CallerCredentials,
    signal: AbortSignal | undefined,
  ): Promise<AwsAnswer | Failure> {
    let answer: AwsAnswer;
    try {
      answer = await this.#exchange(asked, credentials, signal);
    } catch (error) {
      const retryable = !(error instanceof DriverError) || error.kind === 'retryable';
      return { detail: messageOf(error), status: 0, requestId: '', retryable };
    }
    return answer.status < 300 ? answer : failureOf(answer);
  }

  #exchange(asked: AwsRequest, credentials: CallerCredentials, signal: AbortSignal | undefined): Promise<AwsAnswer> {
    const { method, path = '/', query = {}, body = '', answerLimit = defaultAnswerLimit } = asked;
    const { hostname, port } = this.#endpoint;
    const search = new URLSearchParams(query).toString().replaceAll('+', '%20');
    const { promise, resolve, reject } = Promise.withResolvers<AwsAnswer>();
    const sent = request({
      host: hostname,
      port,
      agent: this.#agent,
      method,
      path: search === '' ? path : `${path}?${search}`,
      headers: { ...this.#sign(asked, credentials), 'content-length': Buffer.byteLength(body) },
      timeout: answerTimeoutMs,
      ...(signal === undefined ? {} : { signal }),
    });
    sent.on('timeout', () => sent.destroy(new Error(`no answer within ${answerTimeoutMs / 1000} seconds`)));
    sent.on('error', reject);
    sent.on('response', (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size <= answerLimit) return void chunks.push(chunk);
        response.destroy(new DriverError('fatal', `the answer is larger than ${answerLimit} bytes`));
        return undefined;
      });
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    sent.end(body);
    return promise;
  }

  /** The headers of a request, with its signature ("Create a signed AWS API request", IAM User Guide). */
  #sign(asked: AwsRequest, credentials: CallerCredentials): Record<string, string> {
    const { service, region, method, path = '/', query = {}, body = '' } = asked;
    const at = signingTime(isoOf(this.#clock.now()));
    const payload = sha256Hex(body);
    const headers: Record<string, string> = {
      ...asked.headers,
      host: this.#endpoint.host,
      'x-amz-content-sha256': payload,
      'x-amz-date': at,
      'x-amz-security-token': credentials.sessionToken,
    };
    const signedHeaders = Object.keys(headers).toSorted();
    const scope = { date: at.slice(0, 8), region, service: service.scope };
    const signature = signatureOf(
      { method, path, query: Object.entries(query), headers, signedHeaders, payload },
      scope,
      at,
      credentials.secretAccessKey,
    ).toString('hex');
    const credential = `${credentials.accessKeyId}/${scope.date}/${region}/${service.scope}/aws4_request`;
    headers['authorization'] =
      `${signatureAlgorithm} Credential=${credential}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}`;
    return headers;
  }
}

interface Failure {
  readonly code?: string;
  readonly detail: string;
  readonly status: number;
  readonly requestId: string;
  readonly retryable: boolean;
}

/** What the answer to a HEAD request is called, which has no more than a status. */
const bareCodes: Readonly<Record<number, string>> = {
  301: 'MovedPermanently',
  400: 'BadRequest',
  403: 'Forbidden',
  404: 'NotFound',
};

/** Reads an error of any protocol: JSON with `__type`, or XML with `<Code>`; a HEAD request's has only its status. */
function failureOf({ status, headers, body }: AwsAnswer): Failure {
  const text = body.toString('utf8');
  const element = (name: string): string | undefined => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1];
  let code = element('Code');
  let detail = element('Message');
  try {
    const { __type, message, Message } = JSON.parse(text) as { __type?: string; message?: string; Message?: string };
    code = __type?.replace(/^.*#/, '');
    detail = message ?? Message;
  } catch {
    // No JSON, then.
  }
  const hostId = headers['x-amz-id-2'];
  const requestId = headers['x-amzn-requestid'] ?? headers['x-amz-request-id'] ?? element('RequestId') ?? '';
  const throttled = status === 429 || /throttl|^SlowDown$|^RequestLimitExceeded$/i.test(code ?? '');
  return {
    code: code ?? bareCodes[status] ?? `${status}`,
    // Where there is nothing to read, the SDK says the code twice; of what is not there it says nothing.
    detail: detail ?? (code === undefined && status !== 404 ? (bareCodes[status] ?? '') : ''),
    status,
    requestId: hostId === undefined ? String(requestId) : `${String(requestId)}, HostID: ${String(hostId)}`,
    retryable: throttled || (status >= 500 && status !== 501),
  };
}
