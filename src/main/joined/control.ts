import type { IncomingMessage } from 'node:http';
import { isoOf, type Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { request } from '../../base/http.ts';
import type { Log } from '../../base/log.ts';
import { sha256Hex, signatureAlgorithm, signatureOf, signingTime } from '../../base/sigv4.ts';
import { machinePaths, machineSigningName, type KeyOfMachine } from '../../wire/join.ts';
import type { Channel } from '../../wire/messages.ts';
import { decode, type Envelope } from '../../wire/envelope.ts';
import { endWhenSilent } from '../../wire/liveness.ts';
import { maxFrameBytes, socketChannel } from '../../wire/socket-channel.ts';

/** What the control plane refuses, and how it says so. */
export class ControlError extends Error {
  override readonly name = 'ControlError';
  readonly status: number;
  /** `MachineRemoved`, `AccessDenied`; empty when the refusal is of HTTP alone. */
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** The machine was told that it is none of the installation's any more. */
export function isRemoved(error: unknown): boolean {
  return error instanceof ControlError && error.status === 410;
}

const answerTimeoutMs = 30_000;
/** A control plane that is not heard of for so long is not there. */
const silenceMs = 30_000;

/** How to reach the control plane of another machine: its address, and with what requests are signed. */
export interface ControlAccess {
  /** `http://192.168.1.10:4566`. */
  readonly url: string;
  readonly region: string;
  /** The key of the moment; none before joining. */
  readonly key: () => KeyOfMachine | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** Posts JSON to one of the control plane's paths for machines. Throws `ControlError` for what it refuses, and what the network throws. */
export function post<Answer>(access: ControlAccess, path: string, input: object): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const url = new URL(`${machinePaths}${path}`, access.url);
  const body = JSON.stringify(input);
  const headers = {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    ...signed(access, 'POST', url, body),
  };
  const asked = request(url, { method: 'POST', headers, timeout: answerTimeoutMs, agent: false }, (answer) => {
    let text = '';
    answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    answer.on('error', reject);
    answer.on('end', () => {
      const status = answer.statusCode ?? 0;
      try {
        const value = JSON.parse(text) as Answer & { code?: string; message?: string };
        if (status < 300) return resolve(value);
        return reject(new ControlError(status, value.code ?? '', value.message ?? text));
      } catch {
        return reject(new ControlError(status, '', `${access.url} is no Stowage: it answered ${status}`));
      }
    });
  });
  asked.on('timeout', () => asked.destroy(new Error(`no answer within ${answerTimeoutMs / 1000} seconds`)));
  asked.on('error', (error) => reject(new Error(`${access.url} does not answer: ${messageOf(error)}`)));
  asked.end(body);
  return promise;
}

/** Opens a session. Throws `ControlError` where it is refused. */
export async function openSession<Out extends Envelope, In>(
  access: ControlAccess,
  onEnd: (code: number) => void = () => {},
): Promise<Channel<Out, In>> {
  const { WebSocket } = await import('ws');
  const url = new URL(`${machinePaths}session`, access.url);
  const headers = signed(access, 'GET', url, '');
  const socket = new WebSocket(url.href.replace(/^http/, 'ws'), {
    headers,
    perMessageDeflate: false,
    maxPayload: maxFrameBytes,
    handshakeTimeout: answerTimeoutMs,
  });
  const { promise, resolve, reject } = Promise.withResolvers<Channel<Out, In>>();
  // From the first moment, so that no message is missed.
  const channel = socketChannel<Out, In>(socket, (frame) => decode(frame) as In);
  endWhenSilent(socket, { ...access, silenceMs });
  socket.on('close', onEnd);
  socket.on('open', () => resolve(channel));
  socket.on('error', reject);
  socket.on('unexpected-response', (_, answer: IncomingMessage) => {
    const status = answer.statusCode ?? 0;
    reject(
      new ControlError(
        status,
        answer.statusMessage ?? '',
        `the control plane answered ${status} ${answer.statusMessage ?? ''}`,
      ),
    );
    socket.terminate();
  });
  try {
    return await promise;
  } catch (error) {
    channel.close();
    throw error;
  }
}

/** The headers that sign a request; none without a key. */
function signed(access: ControlAccess, method: string, url: URL, body: string): Record<string, string> {
  const key = access.key();
  if (key === undefined) return {};
  const at = signingTime(isoOf(access.clock.now()));
  const scope = { date: at.slice(0, 8), region: access.region, service: machineSigningName };
  const headers = { host: url.host, 'x-amz-date': at };
  const signedHeaders = Object.keys(headers);
  const signature = signatureOf(
    { method, path: url.pathname, query: url.searchParams, headers, signedHeaders, payload: sha256Hex(body) },
    scope,
    at,
    key.secretAccessKey,
  ).toString('hex');
  const credential = `${key.accessKeyId}/${scope.date}/${scope.region}/${scope.service}/aws4_request`;
  return {
    ...headers,
    authorization: `${signatureAlgorithm} Credential=${credential}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}`,
  };
}
