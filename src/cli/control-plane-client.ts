import { systemClock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import { request } from '../base/http.ts';
import { endpointOf, UsageError, type Installation } from './installation.ts';

/** The answer of `GET /_stowage/health`. */
export interface Health {
  readonly status: 'ready';
  readonly version: string;
  readonly pid: number;
  readonly home: string;
  readonly account: string;
  readonly uptimeMs: number;
}

/** The control plane does not run, or does not answer. */
export class NotRunningError extends Error {
  override readonly name = 'NotRunningError';
}

/** Calls one of the control plane's own paths (`/_stowage/…`) and answers its JSON. */
export async function callOwn<Answer>(
  installation: Pick<Installation, 'host' | 'port'>,
  method: 'GET' | 'POST',
  path: string,
  options: { timeoutMs?: number } = {},
): Promise<Answer> {
  const { status, body } = await send(installation, method, `/_stowage/${path}`, {}, '', options.timeoutMs ?? 120_000);
  const answer = JSON.parse(body) as Answer & { readonly message?: string };
  // What the asker did wrong is said in a sentence.
  if (status >= 400 && status < 500 && answer.message !== undefined) throw new UsageError(answer.message);
  if (status >= 300) throw new Error(`${method} /_stowage/${path} answered ${status}: ${body}`);
  return answer;
}

/** Posts JSON to one of the control plane's own paths. What it refuses is a `UsageError` in its own words. */
export async function ask<Answer>(
  installation: Pick<Installation, 'host' | 'port'>,
  path: string,
  input: Record<string, unknown>,
): Promise<Answer> {
  const headers = { 'content-type': 'application/json' };
  const { status, body } = await send(installation, 'POST', path, headers, JSON.stringify(input), 120_000);
  const answer = JSON.parse(body) as { message?: string };
  if (status >= 400 && status < 500) throw new UsageError(answer.message ?? body);
  if (status >= 300) throw new Error(`POST ${path} answered ${status}: ${body}`);
  return answer as Answer;
}

/** Calls an awsJson operation, `Logs_20140328.FilterLogEvents`, as the installation's account and region. */
export async function callAws<Answer>(
  installation: Installation,
  signingName: string,
  target: string,
  input: Record<string, unknown>,
): Promise<Answer> {
  const scope = `${installation.account}/20260101/${installation.region}/${signingName}/aws4_request`;
  const headers = {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': target,
    authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`,
  };
  const { status, body } = await send(installation, 'POST', '/', headers, JSON.stringify(input), 60_000);
  const answer = JSON.parse(body) as { __type?: string; message?: string; Message?: string };
  if (status >= 300) throw new Error(`${target}: ${answer.message ?? answer.Message ?? answer.__type ?? status}`);
  return answer as Answer;
}

/** Calls an operation of a service of the query protocol; answers its XML. What `ignore` names is no failure. */
export async function callQuery(
  installation: Installation,
  call: { readonly service: string; readonly version: string; readonly action: string; readonly ignore?: string },
  input: Readonly<Record<string, string>>,
): Promise<string> {
  const scope = `${installation.account}/20260101/${installation.region}/${call.service}/aws4_request`;
  const headers = {
    'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
    authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`,
  };
  const form = new URLSearchParams({ Action: call.action, Version: call.version, ...input });
  const { status, body } = await send(installation, 'POST', '/', headers, form.toString(), 60_000);
  const member = (name: string): string | undefined => new RegExp(`<${name}>([^<]*)</${name}>`).exec(body)?.[1];
  if (status >= 300 && member('Code') !== call.ignore) {
    throw new Error(`${call.action}: ${member('Message') ?? status}`);
  }
  return body;
}

function send(
  installation: Pick<Installation, 'host' | 'port'>,
  method: string,
  path: string,
  headers: Record<string, string>,
  input: string,
  timeoutMs: number,
): Promise<{ status: number; body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
  const { host, port } = installation;
  const gone = (error: unknown): void =>
    reject(
      new NotRunningError(
        `no Stowage answers on ${endpointOf(installation)} (${messageOf(error)}): start it with 'stowage up'`,
      ),
    );
  const asked = request({ host, port, method, path, headers, timeout: timeoutMs, agent: false }, (answer) => {
    let body = '';
    answer.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }));
    answer.on('error', gone);
  });
  asked.on('timeout', () => asked.destroy(new Error(`no answer within ${timeoutMs} ms`)));
  asked.on('error', gone);
  asked.end(input);
  return promise;
}

/** The health of the installation's control plane, or `undefined` when none (of this home) answers. */
export async function healthOf(installation: Installation): Promise<Health | undefined> {
  try {
    const health = await callOwn<Health>(installation, 'GET', 'health', { timeoutMs: 3000 });
    return health.home === installation.home ? health : undefined;
  } catch {
    return undefined;
  }
}

/** Waits for a condition, asking every 50 ms; `undefined` when `withinMs` is over. */
export async function eventually<T>(withinMs: number, ask: () => Promise<T | undefined>): Promise<T | undefined> {
  const deadline = systemClock.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined || systemClock.now() > deadline) return answer;
    await systemClock.sleep(50);
  }
}
