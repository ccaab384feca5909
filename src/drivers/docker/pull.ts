import { DriverError, messageOf } from '../../base/errors.ts';
import type { PullProgress, RegistryAuth } from './driver.ts';
import type { EngineHttp } from './engine-http.ts';
import { jsonLines } from './json-lines.ts';

interface PullLine {
  readonly status?: string;
  readonly id?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
  readonly error?: string;
}

/** Splits `host/name:tag` or `host/name@sha256:…` into what `POST /images/create` wants; the tag defaults to `latest`. */
export function pullQuery(reference: string): { fromImage: string; tag: string } {
  const at = reference.indexOf('@');
  if (at >= 0) return { fromImage: reference.slice(0, at), tag: reference.slice(at + 1) };
  const colon = reference.lastIndexOf(':');
  if (colon > reference.lastIndexOf('/')) {
    return { fromImage: reference.slice(0, colon), tag: reference.slice(colon + 1) };
  }
  return { fromImage: reference, tag: 'latest' };
}

/** The `X-Registry-Auth` header: base64url of a JSON document ("Authentication", Engine API). */
function authHeader(auth: RegistryAuth | undefined): Record<string, string> {
  if (auth === undefined) return {};
  const document = { username: auth.username, password: auth.password, serveraddress: auth.serverAddress };
  // With padding: engines before 23 refuse base64 without it, and then pull as nobody.
  return {
    'X-Registry-Auth': Buffer.from(JSON.stringify(document))
      .toString('base64')
      .replaceAll('+', '-')
      .replaceAll('/', '_'),
  };
}

/** Pulls and waits; the engine answers 200 at once and tells a failure in the stream. */
export async function pullImage(
  http: EngineHttp,
  reference: string,
  auth: RegistryAuth | undefined,
  onProgress: (progress: PullProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  const body = await http
    .stream('POST', '/images/create', { query: pullQuery(reference), headers: authHeader(auth), signal })
    .catch((error: unknown) => {
      if (error instanceof DriverError) throw new DriverError(kindOf(error.message, error.kind), error.message);
      throw error;
    });
  const layers = new Map<string, { current: number; total: number }>();
  try {
    for await (const line of jsonLines<PullLine>(body)) {
      if (line.error !== undefined) throw new DriverError(kindOf(line.error, 'fatal'), line.error);
      const { current, total } = line.progressDetail ?? {};
      // Extracting counts the same bytes a second time.
      if (line.id !== undefined && line.status === 'Downloading' && current !== undefined) {
        layers.set(line.id, { current, total: total ?? current });
      } else if (line.id !== undefined && line.status === 'Pull complete') {
        const known = layers.get(line.id);
        if (known !== undefined) layers.set(line.id, { current: known.total, total: known.total });
      }
      const all = [...layers.values()];
      onProgress({
        status: line.status ?? '',
        currentBytes: all.reduce((sum, layer) => sum + layer.current, 0),
        totalBytes: all.reduce((sum, layer) => sum + layer.total, 0),
      });
    }
  } catch (error) {
    if (error instanceof DriverError) throw error;
    signal.throwIfAborted();
    throw new DriverError('retryable', `The Docker daemon broke off: ${messageOf(error)}`, { cause: error });
  }
}

/**
 * Whether a refused pull may succeed later: a registry that did not answer or is overloaded, as opposed to one that
 * said no. The engine tells the two apart only by its words.
 */
function kindOf(message: string, otherwise: 'fatal' | 'gone' | 'retryable'): DriverError['kind'] {
  if (/no such host|invalid reference|manifest unknown|not found|denied|unauthorized/i.test(message)) return 'fatal';
  const away =
    /dial tcp|connection refused|connection reset|i\/o timeout|TLS handshake|Client\.Timeout|unexpected EOF|\bEOF$|toomanyrequests|received unexpected HTTP status: 5|status: 5\d\d/i;
  if (away.test(message)) return 'retryable';
  return otherwise === 'gone' ? 'fatal' : otherwise;
}
