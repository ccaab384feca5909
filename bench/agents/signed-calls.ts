import { Agent, request } from 'node:http';
import { isoOf, systemClock } from '../../src/base/clock.ts';
import { sha256Hex, signatureAlgorithm, signatureOf, signingTime } from '../../src/base/sigv4.ts';

/** Temporary credentials, as agents get them from their instance's role. */
export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

const region = 'us-east-1';

/** The headers by which a request, or a frame that is signed as if it were one, is known to be ours. */
export function signed(
  keys: Keys,
  { method, url, body, headers = {} }: { method: string; url: URL; body: string; headers?: Record<string, string> },
): Record<string, string> {
  const at = signingTime(isoOf(systemClock.now()));
  const scope = { date: at.slice(0, 8), region, service: 'ecs' };
  const all = { ...headers, host: url.host, 'x-amz-date': at, 'x-amz-security-token': keys.sessionToken };
  const signedHeaders = Object.keys(all).toSorted();
  const asked = {
    method,
    path: url.pathname,
    query: url.searchParams,
    headers: all,
    signedHeaders,
    payload: sha256Hex(body),
  };
  const signature = signatureOf(asked, scope, at, keys.secretAccessKey).toString('hex');
  const credential = `${keys.accessKeyId}/${scope.date}/${region}/ecs/aws4_request`;
  return {
    ...all,
    authorization: `${signatureAlgorithm} Credential=${credential}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}`,
  };
}

const connections = new Agent({ keepAlive: true, maxSockets: 8 });

/** Posts to a server over connections that are kept, and answers the body. Rejects for any status but 200. */
export function post(url: URL, body: string, headers: Record<string, string> = {}): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const asked = request(url, { method: 'POST', agent: connections, headers }, (answer) => {
    let text = '';
    answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    answer.on('end', () =>
      answer.statusCode === 200
        ? resolve(text)
        : reject(new Error(`${url.href} answered ${answer.statusCode}: ${text}`)),
    );
    answer.on('error', reject);
  });
  asked.on('error', reject);
  asked.end(body);
  return promise;
}

/** Calls an ECS operation as the agent does. */
export async function callEcs<Answer>(
  endpoint: string,
  keys: Keys,
  operation: string,
  input: unknown,
): Promise<Answer> {
  const url = new URL(endpoint);
  const body = JSON.stringify(input);
  const headers = {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': `AmazonEC2ContainerServiceV20141113.${operation}`,
  };
  return JSON.parse(await post(url, body, signed(keys, { method: 'POST', url, body, headers }))) as Answer;
}
