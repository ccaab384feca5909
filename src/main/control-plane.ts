import { mkdirSync } from 'node:fs';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer as createNetServer, isIPv4, isIPv6, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { join } from 'node:path';
import type { Authentication } from '../aws/authenticate.ts';
import { serveFront } from '../aws/continue.ts';
import { createFront, type RawRoute } from '../aws/front.ts';
import { createUpgrades } from '../aws/upgrades.ts';
import { serverOptions } from '../aws/server-options.ts';
import { systemClock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import { given } from '../base/given.ts';
import { createServer } from '../base/http.ts';
import { systemIds } from '../base/ids.ts';
import { textLog, type Log } from '../base/log.ts';
import { crossOriginRules } from '../services/s3/cross-origin.ts';
import { isReferenced } from '../store/blob-garbage.ts';
import { DiskBlobs } from '../store/blobs/disk-blobs.ts';
import { SqliteJournal } from '../store/journal/sqlite.ts';
import { instanceIdentityOf } from '../store/certificates/instance-identity.ts';
import { authorityOf } from '../store/certificates/open-authority.ts';
import { openVault } from '../store/keys/open-vault.ts';
import { LogStore } from '../store/logs/log-store.ts';
import { MetricStore } from '../store/metrics/metric-store.ts';
import { Store } from '../store/store.ts';
import { agentPaths } from '../model/fleet/agent-paths.ts';
import { agentAuthenticator } from './agent-authenticator.ts';
import type { Conductor } from './conductor.ts';
import { listenAtSocket } from './control-socket.ts';
import { issuedCredentials } from './credentials.ts';
import { ownRoutes } from './own-routes.ts';
import { publicPoolOf } from './public-pool.ts';
import { makeServices } from './services.ts';
import { statusOf, type Status } from './status.ts';
import { machinePaths } from '../wire/join.ts';
import { allTables } from './tables.ts';
import { version } from './version.ts';

/** What a control plane is started with. */
export interface ControlPlaneOptions {
  /** The state's folder, absolute; made when missing. */
  readonly home: string;
  /** The installation's id on this machine, eight hexadecimal digits. */
  readonly id: string;
  readonly host: string;
  readonly port: number;
  /** Addresses beyond loopback at which it answers too, on the same port; there every request is to be signed. */
  readonly listen?: readonly string[];
  readonly account: string;
  readonly region: string;
  /** Takes the control plane's own log, a line at a time. */
  readonly writeLog: (line: string) => void;
}

/** How long the first requests have the processor to themselves. */
const firstRequestsMs = 25;

/** A control plane that serves. */
export interface ControlPlane {
  /** The rows, for those in this process who watch them. */
  readonly store: Store;
  /** Answers no more, makes everything durable, and leaves tasks, balancers and networks running. */
  stop(): Promise<void>;
}

/**
 * Starts everything in this process. The endpoint answers first: the code that moves containers is loaded while the first
 * requests are served. Resolves once all of it runs.
 */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { home, id, host, port, account, region } = options;
  const clock = systemClock;
  const ids = systemIds;
  const log = textLog(clock, options.writeLog);
  const startedAt = clock.now();
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const store = new Store(allTables, new SqliteJournal(join(home, 'state.sqlite'), clock), log);
  const vault = openVault({ home, store, ids });
  const pool = await publicPoolOf(home, id);
  const publicPool = pool.cidr;
  const logs = new LogStore({ store, clock, ids, log, vault, path: join(home, 'logs.sqlite') });
  const metrics = new MetricStore({ clock, log, path: join(home, 'metrics.sqlite') });
  const blobs = await DiskBlobs.open(join(home, 'blobs'), clock, ids, vault.derive('blobs'));
  const registryHost = `${host}:${port}`;
  const endpoints = (options.listen ?? []).map(
    (address) => `http://${isIPv6(address) ? `[${address}]` : address}:${port}`,
  );
  const moving = Promise.withResolvers<Conductor>();
  /**
   * The connections that tasks opened, or other machines: signatures are checked there, and of our own paths they reach
   * only those of machines.
   */
  const foreign = new WeakSet<Socket>();
  const isForeign = (connection: Socket): boolean => foreign.has(connection);

  const identity = { version, pid: process.pid, home, installation: id };
  const authority = authorityOf({ home, clock, ids });
  const instanceIdentity = instanceIdentityOf({ home, clock, ids });
  const deps = { store, logs, metrics, blobs, vault, authority, instanceIdentity, clock, ids, log, publicPool };
  const services = makeServices(deps);
  const authentication: Authentication = {
    verify: false,
    account,
    region,
    credential: issuedCredentials(store),
  };
  const front = createFront({
    services,
    clock,
    ids,
    log,
    commits: store,
    authentication,
    // A program in a task or on another machine is known by the credentials that were issued to it, and by nothing else.
    isForeign,
    crossOrigin: crossOriginRules(store),
    rawRoutes: [
      lateRoute('/v2/', async () => (await import('../services/ecr/registry/registry.ts')).registryRoute(deps), log),
      lateRoute(
        machinePaths,
        async () =>
          (await import('./machines/routes.ts')).machineRoute({
            ...deps,
            scope: { account, region },
            endpoints,
            isForeign,
          }),
        log,
      ),
      ownRoutes({
        admits: (connection) => !isForeign(connection),
        get: {
          health: () => ({ status: 'ready', ...identity, account, uptimeMs: clock.now() - startedAt }),
          status: (): Status => ({ ...identity, ...statusOf(store) }),
          authority: async () => ({ certificate: (await authority()).root }),
          'instance-identity': () => ({ certificate: instanceIdentity().certificate }),
          fleet: async (query) => (await import('./views/answers.ts')).answerFleet({ store, clock }, query),
          explain: async (query) => (await import('./views/answers.ts')).answerExplain({ store, clock }, query),
        },
        post: {
          plug: async (query) => (await moving.promise).plug(query),
          unplug: async (query) => (await moving.promise).unplug(query),
          reset: async () => {
            await (await moving.promise).reset();
            await blobs.sweep((digest) => isReferenced(store, digest));
            await store.flushed();
            return { reset: home };
          },
        },
      }),
    ],
  });
  const server = createServer(serverOptions);
  serveFront(server, front);
  server.on('upgrade', (request, socket, head) => {
    // Whoever goes away meanwhile is no failure of ours.
    socket.on('error', () => {});
    void moving.promise.then((conductor) => upgrades(conductor)(request, socket, head));
  });
  const listening = Promise.withResolvers<void>();
  server.once('error', listening.reject);
  server.listen(port, host, () => listening.resolve());
  const beyond = (options.listen ?? []).map((address) =>
    createNetServer((connection) => {
      foreign.add(connection);
      server.emit('connection', connection);
    }).listen(port, address),
  );
  const socket = listenAtSocket(home, log, (connection) => void server.emit('connection', connection));
  const close = async (...parts: (() => Promise<void>)[]): Promise<void> => {
    const closed = Promise.withResolvers<void>();
    server.close(() => closed.resolve());
    for (const each of beyond) each.close();
    socket?.close();
    server.closeAllConnections();
    for (const part of parts) await part();
    // Only now: data channels are connections as well, and end with what carries them.
    await closed.promise;
    await logs.close();
    await metrics.close();
    await store.close();
  };
  try {
    await Promise.all([listening.promise, ...beyond.map((each) => once(each, 'listening'))]);
    // Who waited for the endpoint asks at once: for a moment the processor is theirs.
    await clock.sleep(firstRequestsMs);
    const { openPlatform } = await import('./platform.ts');
    const { Conductor } = await import('./conductor.ts');
    const platform = openPlatform({ home, id, publicPool, clock, log });
    const scope = { account, region };
    const serveApi = (connection: Socket): void => {
      if (!server.listening) return void connection.destroy();
      foreign.add(connection);
      server.emit('connection', connection);
      return undefined;
    };
    const conductor = new Conductor({
      home,
      store,
      logs,
      metrics,
      blobs,
      vault,
      authority,
      instanceIdentity,
      clock,
      ids,
      log,
      platform,
      scope,
      registryHost,
      authenticate: agentAuthenticator(authentication, isForeign, clock),
      ...given('underlay', process.env['STOWAGE_UNDERLAY'] ?? options.listen?.find((address) => isIPv4(address))),
      serveApi,
    });
    logs.start();
    metrics.start();
    conductor.start();
    // What a crash left that nothing refers to: it is in nobody's way, so nobody waits.
    blobs
      .sweep((digest) => isReferenced(store, digest))
      .catch((error: unknown) => log.error('unused blobs were not deleted', { error: messageOf(error) }));
    moving.resolve(conductor);
    return {
      store,
      stop: () =>
        close(
          () => conductor.stop(),
          () => platform.close(),
        ),
    };
  } catch (error) {
    await close();
    await pool.release();
    throw error;
  }
}

/** What becomes of connections that ask to be something else than HTTP. */
function upgrades(conductor: Conductor) {
  return createUpgrades([
    {
      prefix: '/v1/data-channel/',
      upgrade: (request, socket, head) => conductor.openDataChannel(request, socket, head),
    },
    ...Object.values(agentPaths).map((path) => ({
      prefix: `${path}/`,
      upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) =>
        conductor.openAgentSocket(request, socket, head),
    })),
    {
      prefix: `${machinePaths}session`,
      upgrade: (request, socket, head) => conductor.openMachineSession(request, socket, head),
    },
  ]);
}

/** A route whose code is loaded with its first request; Node holds back a request's body until somebody reads it. */
function lateRoute(prefix: string, load: () => Promise<RawRoute>, log: Log): RawRoute {
  return {
    prefix,
    handle(request, response) {
      load().then(
        (route) => route.handle(request, response),
        (error: unknown) => {
          log.error('a route could not be loaded', { prefix, error });
          response.destroy();
        },
      );
    },
  };
}
