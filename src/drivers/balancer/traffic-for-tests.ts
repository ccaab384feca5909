import { mkdtemp, rm } from 'node:fs/promises';
import type { Agent, IncomingMessage, RequestListener, Server } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../base/clock.ts';
import { createServer as createHttpServer, request } from '../../base/http.ts';
import { silentLog } from '../../base/log.ts';
import type { BalancerSpec, RuleSpec, TargetGroupSpec } from '../../wire/balancer-spec.ts';
import { HaproxyDriver, type HaproxyOptions } from './haproxy.ts';
import { balancerSpec, listenerSpec } from './spec-for-tests.ts';

/** An answer as a client sees it. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A port of loopback that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** One request, over a connection of its own unless an agent is given. */
export function fetchFrom(
  port: number,
  path: string,
  { headers = {}, method = 'GET', agent }: { headers?: Record<string, string>; method?: string; agent?: Agent } = {},
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  request({ host: '127.0.0.1', port, path, method, headers, agent: agent ?? false }, (response) => {
    let body = '';
    response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    response.on('error', reject);
    response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
  })
    .on('error', reject)
    .end();
  return promise;
}

/** HAProxy on loopback with HTTP servers behind it, for one test file. */
export class Traffic {
  driver: HaproxyDriver;
  readonly directory: string;
  readonly #servers: Server[] = [];

  private constructor(directory: string) {
    this.directory = directory;
    this.driver = this.#makeDriver();
  }

  static async start(): Promise<Traffic> {
    return new Traffic(await mkdtemp(join(tmpdir(), 'stw-lb-')));
  }

  /** Another driver, which knows of HAProxy only what is on the disk; the one before is closed. */
  async renewDriver(over: Partial<HaproxyOptions> = {}): Promise<void> {
    // Else it would start again what the next one removes.
    await this.driver.close();
    this.driver = this.#makeDriver(over);
  }

  /** The port of an HTTP server that answers with its name and what it was asked, unless told otherwise. */
  async backend(name: string, answer?: RequestListener): Promise<number> {
    const server = createHttpServer(
      answer ??
        ((request, response) => {
          response.setHeader('x-target', name);
          response.end(JSON.stringify({ name, url: request.url, headers: request.headers }));
        }),
    );
    this.#servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  }

  /** Applies a specification and takes every target that does not drain into rotation. */
  async apply(spec: BalancerSpec): Promise<void> {
    await this.driver.apply(spec);
    for (const { targetGroupArn, targets } of spec.targetGroups) {
      for (const { id, port, draining } of targets) {
        if (!draining) await this.driver.rotate(spec.loadBalancerArn, { targetGroupArn, id, port }, 'in');
      }
    }
  }

  /** Serves rules on a free port, which it answers. */
  async serve(
    rules: readonly Omit<RuleSpec, 'ruleArn'>[],
    targetGroups: readonly TargetGroupSpec[],
    attributes: Readonly<Record<string, string>> = {},
    name = 'traffic',
  ): Promise<number> {
    const port = await freePort();
    await this.apply(balancerSpec({ name, listeners: [listenerSpec(port, ...rules)], targetGroups, attributes }));
    return port;
  }

  async end(): Promise<void> {
    for (const server of this.#servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
    for (const arn of await this.driver.list()) await this.driver.remove(arn);
    await this.driver.close();
    // A process that is ending may write there yet.
    await rm(this.directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }

  #makeDriver(over: Partial<HaproxyOptions> = {}): HaproxyDriver {
    return new HaproxyDriver({
      stateDirectory: this.directory,
      namespaceOf: () => undefined,
      clock: systemClock,
      log: silentLog,
      ...over,
    });
  }
}
