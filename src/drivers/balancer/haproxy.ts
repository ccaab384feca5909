import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { DriverError, messageOf } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import type { Log } from '../../base/log.ts';
import type { BalancerSpec, TargetGroupSpec, TargetSpec } from '../../wire/balancer-spec.ts';
import { freeBefore, readLines } from './access-file.ts';
import { ConnectionCounter, parseConnections } from './connection-counter.ts';
import type { BalancerDriver, Connections, FlowReport, RequestLines, Rotation, TargetRef } from './driver.ts';
import {
  allowNotes,
  checkConfig,
  endOrphans,
  filesOf,
  findMaster,
  isAlive,
  isAstray,
  processesOf,
  reloadMaster,
  startMaster,
  stopMaster,
  type BalancerFiles,
} from './haproxy-process.ts';
import { applyFigures, readFigures, removeFigures, type FigurePlace } from './kernel-figures.ts';
import {
  applyFlows,
  endConnections,
  endGone,
  flowNote,
  flowsStand,
  removeFlows,
  type FlowPlace,
} from './kernel-flows.ts';
import { askWorker, parseServers } from './master-cli.ts';
import { backendsOf, directoryName, placesOf } from './names.ts';
import { rawResponse } from './pages.ts';
import { planServers, type ServerStep } from './reconcile.ts';
import { isTlsFile, tlsFiles } from './render-tls.ts';
import { renderBalancer } from './render-balancer.ts';
import { isForwarded, isLogged } from './render-network.ts';
import { reachScript, reachScriptFile, reachSocket } from './render-reach.ts';
import { badGatewayFile, probeSocket, serverArguments, type Rendered } from './render.ts';
import { followRotation } from './rotation.ts';

const watchMs = 100;
const deleteAgainMs = 1000;
const mendMs = 30_000;
/** How long connections that are cut may take to end, and how often that is looked at. */
const cutMs = 2000;
const cutPollMs = 10;
const specFile = 'spec.json';
/** What may wait of noted requests: some three million of them. */
const mostNotedBytes = 1024 ** 3;
const nobody = { uid: 65_534, gid: 65_534 };

/** What the HAProxy driver is made from. */
export interface HaproxyOptions {
  /** A directory of this installation alone; each balancer has one in it, by which it is found again. */
  readonly stateDirectory: string;
  /** The network namespace of a VPC, by name or path; `undefined` to bind on the host (tests on loopback). */
  readonly namespaceOf: (vpcId: string) => string | undefined;
  /** The name of the link that leads out of a VPC's namespace to its targets on other machines. */
  readonly overlayLink?: string;
  readonly clock: Clock;
  readonly log: Log;
  /** The HAProxy program, 2.4 or later. */
  readonly program?: string;
  /** How many bytes of noted requests may wait for somebody to read them; further ones are not noted. */
  readonly mostNotedBytes?: number;
}

/** A balancer that this process looks after. */
interface Served {
  readonly files: BalancerFiles;
  spec: BalancerSpec;
  pid: number;
  /** Servers in rotation, as `backend/server`: what a restarted HAProxy begins with. */
  readonly inRotation: Set<string>;
  /** Servers to be deleted that had connections when that was first tried. */
  readonly leaving: Set<string>;
  readonly connections: ConnectionCounter;
  /** Up to which offset its processes note requests, as far as it is known. */
  notesUpTo: number;
  unwatch: () => void;
  /** When it is looked next whether its flows are still there. */
  mendAt: number;
}

/**
 * Load balancers carried by HAProxy: a master with its worker for each, detached from this process, inside the network
 * namespace of its VPC. Targets change through the runtime API of the worker, everything else by a reload, one at a time for
 * each balancer; the configuration file always tells the whole, so that a reload or a restart brings nothing back.
 */
export class HaproxyDriver implements BalancerDriver {
  readonly #options: HaproxyOptions;
  readonly #program: string;
  readonly #served = new Map<string, Served>();
  readonly #queues = new Map<string, Promise<unknown>>();
  #closed = false;

  constructor(options: HaproxyOptions) {
    this.#options = options;
    this.#program = options.program ?? 'haproxy';
  }

  apply(spec: BalancerSpec): Promise<void> {
    return this.#inTurn(spec.loadBalancerArn, () => this.#apply(spec));
  }

  rotate(loadBalancerArn: string, target: TargetRef, rotation: Rotation): Promise<void> {
    return this.#inTurn(loadBalancerArn, async () => {
      const { served, found } = this.#find(loadBalancerArn, target);
      if (isForwarded(found.group)) return this.#rotateFlow(served, found, rotation);
      for (const { backend, server } of placesOf(found.group, found.target)) {
        await this.#rotate(served, `${backend}/${server}`, rotation);
        if (rotation === 'out' && cutsUnhealthy(found.group)) await this.#cut(served, `${backend}/${server}`);
      }
    });
  }

  weigh(loadBalancerArn: string, target: TargetRef, percent: number): Promise<void> {
    return this.#inTurn(loadBalancerArn, async () => {
      const { served, found } = this.#find(loadBalancerArn, target);
      const { workers } = await processesOf(served.files);
      for (const { backend, server } of placesOf(found.group, found.target)) {
        for (const pid of workers)
          await askWorker(served.files.masterSocket, pid, `set server ${backend}/${server} weight ${percent}`);
      }
    });
  }

  specOf(loadBalancerArn: string): Promise<BalancerSpec | undefined> {
    const text = readText(join(this.#filesOf(loadBalancerArn).directory, specFile));
    return Promise.resolve(text === undefined ? undefined : (JSON.parse(text) as BalancerSpec));
  }

  end(loadBalancerArn: string): Promise<void> {
    return this.#inTurn(loadBalancerArn, async () => {
      const served = this.#served.get(loadBalancerArn);
      served?.unwatch();
      this.#served.delete(loadBalancerArn);
      const files = this.#filesOf(loadBalancerArn);
      const master = findMaster(files, undefined);
      if (master === undefined) return;
      // Requests that are under way are noted when they end, and not when their process does.
      if (served !== undefined) await this.#cutAll(served).catch(() => {});
      await stopMaster(files, master.pid, this.#options.clock);
    });
  }

  remove(loadBalancerArn: string): Promise<void> {
    return this.#inTurn(loadBalancerArn, async () => {
      const served = this.#served.get(loadBalancerArn);
      served?.unwatch();
      this.#served.delete(loadBalancerArn);
      const files = this.#filesOf(loadBalancerArn);
      const vpcId = flowNote(files.directory)?.vpcId;
      if (vpcId !== undefined) await removeFlows(this.#flowPlace(files, vpcId));
      await removeFigures({ directory: files.directory, table: figureTable(files) });
      const master = findMaster(files, undefined);
      if (master !== undefined) await stopMaster(files, master.pid, this.#options.clock);
      await endOrphans(files, this.#options.clock);
      await rm(files.directory, { recursive: true, force: true });
    });
  }

  list(): Promise<string[]> {
    const { stateDirectory } = this.#options;
    if (!existsSync(stateDirectory)) return Promise.resolve([]);
    const found = readdirSync(stateDirectory).flatMap((name) => {
      const path = join(stateDirectory, name, 'arn');
      return existsSync(path) ? [readFileSync(path, 'utf8')] : [];
    });
    return Promise.resolve(found);
  }

  async probe(loadBalancerArn: string, address: string, port: number, signal: AbortSignal): Promise<Socket> {
    const spec = this.#served.get(loadBalancerArn)?.spec;
    if (spec === undefined) throw new DriverError('gone', `${loadBalancerArn} is not served here`);
    if (this.#options.namespaceOf(spec.vpcId) === undefined) return connected(connect({ host: address, port }), signal);
    const path = join(this.#filesOf(loadBalancerArn).directory, probeSocket);
    const socket = await connected(connect({ path }), signal);
    // "The PROXY protocol", version 1: HAProxy connects to the destination named here.
    socket.write(`PROXY TCP4 ${spec.addresses[0] ?? '0.0.0.0'} ${address} 0 ${port}\r\n`);
    return socket;
  }

  async requests(loadBalancerArn: string, from: number): Promise<RequestLines> {
    return readLines(this.#filesOf(loadBalancerArn).requests, from);
  }

  async freeRequests(loadBalancerArn: string, before: number): Promise<void> {
    await freeBefore(this.#filesOf(loadBalancerArn).requests, before);
    const served = this.#served.get(loadBalancerArn);
    const { mostNotedBytes: most = mostNotedBytes } = this.#options;
    // Half of it is left at least.
    if (served === undefined || before + most / 2 <= served.notesUpTo) return;
    await allowNotes(served.files, { pid: served.pid, mostBytes: before + most, workersAs: workersAs() });
    served.notesUpTo = before + most;
  }

  async connections(loadBalancerArn: string): Promise<Connections> {
    const served = this.#served.get(loadBalancerArn);
    if (served === undefined) return { active: 0, opened: 0, tlsErrors: [], targetTlsErrors: 0 };
    return served.connections.count(served.files.masterSocket);
  }

  flows(loadBalancerArn: string, told: number): Promise<FlowReport | undefined> {
    return this.#inTurn(loadBalancerArn, async () => {
      // The kernel counts whoever is here: one that an earlier process served, and nobody wants any more, has figures too.
      const spec = this.#served.get(loadBalancerArn)?.spec ?? (await this.specOf(loadBalancerArn));
      const place = spec && this.#figurePlace(this.#filesOf(loadBalancerArn), spec);
      return spec === undefined || place === undefined ? undefined : readFigures(place, spec, told);
    });
  }

  async reach(loadBalancerArn: string, address: string, port: number, signal: AbortSignal): Promise<void> {
    const spec = this.#served.get(loadBalancerArn)?.spec;
    if (spec === undefined) throw new DriverError('gone', `${loadBalancerArn} is not served here`);
    const through = this.#options.namespaceOf(spec.vpcId) !== undefined;
    const path = join(this.#filesOf(loadBalancerArn).directory, reachSocket);
    const socket = await connected(connect(through ? { path } : { host: address, port }), signal);
    try {
      if (!through) return;
      socket.write(`PROXY TCP4 ${spec.addresses[0] ?? '0.0.0.0'} ${address} 0 ${port}\r\n`);
      await firstByte(socket);
    } finally {
      socket.destroy();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#queues.values());
    for (const served of this.#served.values()) served.unwatch();
    this.#served.clear();
  }

  /** A target of what is served; throws `gone` where there is none. */
  #find(
    loadBalancerArn: string,
    { targetGroupArn, id, port }: TargetRef,
  ): { served: Served; found: { group: TargetGroupSpec; target: TargetSpec } } {
    const served = this.#served.get(loadBalancerArn);
    const group = served?.spec.targetGroups.find((each) => each.targetGroupArn === targetGroupArn);
    const target = group?.targets.find((each) => each.id === id && each.port === port);
    if (served === undefined || group === undefined || target === undefined) {
      throw new DriverError('gone', `${loadBalancerArn} has no target ${id}:${port}`);
    }
    return { served, found: { group, target } };
  }

  /** One thing at a time for each balancer: reloads that overlap lose connections. */
  #inTurn<Result>(loadBalancerArn: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.#queues.get(loadBalancerArn) ?? Promise.resolve();
    const run = async (): Promise<Result> => {
      if (this.#closed) throw new DriverError('retryable', 'the balancer driver is closed');
      return work();
    };
    const mine = before.then(run, run);
    this.#queues.set(loadBalancerArn, mine);
    const tidy = (): void => {
      if (this.#queues.get(loadBalancerArn) === mine) this.#queues.delete(loadBalancerArn);
    };
    mine.then(tidy, tidy);
    return mine;
  }

  async #apply(spec: BalancerSpec): Promise<void> {
    const namespace = this.#options.namespaceOf(spec.vpcId);
    const files = this.#filesOf(spec.loadBalancerArn);
    let master = findMaster(files, namespace);
    if (master?.astray === true) {
      await stopMaster(files, master.pid, this.#options.clock);
      master = undefined;
    }
    const known = this.#served.get(spec.loadBalancerArn);
    const inRotation =
      known?.inRotation ??
      new Set([
        ...(master === undefined ? [] : await this.#inRotation(files)),
        ...(flowNote(files.directory)?.inRotation ?? []),
      ]);
    followRotation(inRotation, spec);
    const rendered = this.#render(spec, files, inRotation);
    const loadedFile = join(files.directory, 'loaded.cfg');
    const loaded = master === undefined ? undefined : readText(loadedFile);
    await this.#write(spec, files, rendered, loaded !== rendered.structure);
    // Should this process end between the reload and its note, the note must not speak of what was loaded before.
    if (loaded !== rendered.structure) await rm(loadedFile, { force: true });
    let pid = master?.pid;
    if (pid === undefined) {
      const most = this.#options.mostNotedBytes ?? mostNotedBytes;
      pid = await startMaster(this.#program, files, namespace, most, this.#options.clock);
      await endOrphans(files, this.#options.clock);
    } else if (loaded !== rendered.structure) await reloadMaster(files, this.#options.clock);
    await writeFile(loadedFile, rendered.structure, { mode: 0o600 });
    await this.#removeOldCertificates(spec, files);
    known?.unwatch();
    const { leaving = new Set<string>(), connections = new ConnectionCounter() } = known ?? {};
    const mendAt = this.#options.clock.now() + mendMs;
    const notesUpTo = known?.pid === pid ? known.notesUpTo : 0;
    const served: Served = {
      files,
      spec,
      pid,
      inRotation,
      leaving,
      connections,
      notesUpTo,
      unwatch: () => {},
      mendAt,
    };
    this.#served.set(spec.loadBalancerArn, served);
    this.#watch(served);
    await this.#reconcileServers(served);
    const place = this.#flowPlace(files, spec.vpcId);
    await applyFlows(place, spec, inRotation);
    await endGone(place, spec);
    const figures = this.#figurePlace(files, spec);
    if (figures !== undefined) await applyFigures(figures, spec, known === undefined);
  }

  /** Where a balancer's flows are counted: nowhere without a VPC, and not those of an application load balancer. */
  #figurePlace({ directory }: BalancerFiles, { type, vpcId }: BalancerSpec): FigurePlace | undefined {
    const namespace = this.#options.namespaceOf(vpcId);
    if (type !== 'network' || namespace === undefined) return undefined;
    return { directory, table: figureTable({ directory }), namespace };
  }

  #flowPlace({ directory }: BalancerFiles, vpcId: string): FlowPlace {
    const { namespaceOf, overlayLink } = this.#options;
    return { directory, table: `flows-${basename(directory)}`, namespace: namespaceOf(vpcId), overlayLink };
  }

  /** As `#rotate`, of a target that packets reach by the kernel. */
  async #rotateFlow(
    { files, spec, inRotation }: Served,
    { group, target }: { group: TargetGroupSpec; target: TargetSpec },
    rotation: Rotation,
  ): Promise<void> {
    for (const { backend, server } of placesOf(group, target)) {
      if (rotation === 'in') inRotation.add(`${backend}/${server}`);
      else inRotation.delete(`${backend}/${server}`);
    }
    const place = this.#flowPlace(files, spec.vpcId);
    await applyFlows(place, spec, inRotation);
    if (rotation === 'out' && cutsUnhealthy(group)) await endConnections(place, spec, target);
  }

  #render(spec: BalancerSpec, files: BalancerFiles, inRotation: ReadonlySet<string>): Rendered {
    return renderBalancer(spec, {
      directory: files.directory,
      sourceFromBalancer: this.#options.namespaceOf(spec.vpcId) !== undefined,
      // Threads that meet while they note requests lose lines: see decision 0022.
      threads: spec.type !== 'network' || isLogged(spec) ? 1 : Math.min(availableParallelism(), 8),
      maxConnections: maxConnections(),
      ...given('runAs', workersAs()),
      inRotation,
    });
  }

  /** Writes the files, the configuration last and at once, after HAProxy itself has found nothing against it. */
  async #write(spec: BalancerSpec, files: BalancerFiles, rendered: Rendered, check: boolean): Promise<void> {
    await mkdir(files.directory, { recursive: true, mode: 0o700 });
    if (check) {
      await writeFile(join(files.directory, badGatewayFile), rawResponse(502));
      await writeFile(join(files.directory, reachScriptFile), reachScript);
      await writeFile(join(files.directory, 'arn'), spec.loadBalancerArn);
      for (const { name, text } of tlsFiles(spec)) await writeFile(join(files.directory, name), text, { mode: 0o600 });
    }
    await writeFile(join(files.directory, specFile), JSON.stringify(withoutKeys(spec)), { mode: 0o600 });
    await writeFile(`${files.config}.new`, rendered.config, { mode: 0o600 });
    if (check) await checkConfig(this.#program, `${files.config}.new`);
    await rename(`${files.config}.new`, files.config);
  }

  /** Once nothing that is loaded names them. */
  async #removeOldCertificates(spec: BalancerSpec, { directory }: BalancerFiles): Promise<void> {
    const wanted = new Set(tlsFiles(spec).map(({ name }) => name));
    for (const name of await readdir(directory)) {
      if (isTlsFile(name) && !wanted.has(name)) await rm(join(directory, name), { force: true });
    }
  }

  async #reconcileServers(served: Served): Promise<void> {
    const { workers } = await processesOf(served.files);
    const [worker] = workers;
    if (worker === undefined) throw new DriverError('retryable', 'HAProxy has no worker');
    const observed = parseServers(await askWorker(served.files.masterSocket, worker, 'show servers state'));
    for (const step of planServers(served.spec, observed)) await this.#take(served, worker, step);
  }

  async #take(served: Served, worker: number, step: ServerStep): Promise<void> {
    const name = `${step.backend}/${step.server}`;
    switch (step.kind) {
      case 'add': {
        // Servers added at run time begin in maintenance: out of rotation.
        const command = `add server ${name} ${serverArguments(step.group, step.target, step.way)}`;
        const answer = await askWorker(served.files.masterSocket, worker, command);
        if (!answer.includes('New server registered')) await this.#reload(served);
        return;
      }
      case 'take-out':
        return this.#rotate(served, name, 'out');
      case 'delete': {
        // A request that is under way gets a second to end; then the connections are cut, unless they may outlive the target.
        if (served.leaving.has(name) && cutsGone(served.spec, step.backend)) await this.#cut(served, name);
        const answer = await askWorker(served.files.masterSocket, worker, `del server ${name}`);
        if (answer.includes('Server deleted') || answer.includes('No such server')) {
          served.leaving.delete(name);
        } else {
          served.leaving.add(name);
          this.#later(served);
        }
        return;
      }
      default:
        return step satisfies never;
    }
  }

  async #reload(served: Served): Promise<void> {
    const rendered = this.#render(served.spec, served.files, served.inRotation);
    await this.#write(served.spec, served.files, rendered, true);
    await reloadMaster(served.files, this.#options.clock);
  }

  #later(served: Served): void {
    const arn = served.spec.loadBalancerArn;
    this.#options.clock.after(deleteAgainMs, () => {
      if (this.#closed || this.#served.get(arn) !== served) return;
      this.#inTurn(arn, async () => {
        if (this.#served.get(arn) === served) await this.#reconcileServers(served);
      }).catch((error: unknown) =>
        this.#options.log.debug('servers remain', { balancer: arn, error: messageOf(error) }),
      );
    });
  }

  /** Old workers as well: they may hold idle connections that bring one more request each. */
  async #rotate(served: Served, name: string, rotation: Rotation): Promise<void> {
    if (rotation === 'in') served.inRotation.add(name);
    else served.inRotation.delete(name);
    const { workers, oldWorkers } = await processesOf(served.files);
    const command = `set server ${name} state ${rotation === 'in' ? 'ready' : 'maint'}`;
    for (const pid of workers) {
      const answer = (await askWorker(served.files.masterSocket, pid, command)).trim();
      if (answer !== '') throw new DriverError('retryable', `HAProxy answered "${command}": ${answer}`);
    }
    for (const pid of oldWorkers) await askWorker(served.files.masterSocket, pid, command).catch(() => '');
  }

  /** Ends the connections to a server, in old workers as well. */
  async #cut(served: Served, name: string): Promise<void> {
    const { workers, oldWorkers } = await processesOf(served.files);
    for (const pid of [...workers, ...oldWorkers]) {
      await askWorker(served.files.masterSocket, pid, `shutdown sessions server ${name}`).catch(() => '');
    }
  }

  /** Ends all connections to targets. */
  async #cutAll(served: Served): Promise<void> {
    const { clock } = this.#options;
    const places = served.spec.targetGroups.flatMap((group) => group.targets.flatMap((each) => placesOf(group, each)));
    for (const { backend, server } of places) await this.#cut(served, `${backend}/${server}`);
    const until = clock.now() + cutMs;
    for (;;) {
      const { workers, oldWorkers } = await processesOf(served.files);
      let left = 0;
      for (const pid of [...workers, ...oldWorkers]) {
        left += parseConnections(
          await askWorker(served.files.masterSocket, pid, 'show stat').catch(() => ''),
        ).toTargets;
      }
      if (left === 0 || clock.now() > until) return;
      await clock.sleep(cutPollMs);
    }
  }

  async #inRotation(files: BalancerFiles): Promise<string[]> {
    const { workers } = await processesOf(files);
    const [worker] = workers;
    if (worker === undefined) return [];
    const observed = parseServers(await askWorker(files.masterSocket, worker, 'show servers state'));
    return observed.filter((server) => server.inRotation).map((server) => `${server.backend}/${server.name}`);
  }

  /** Restarts HAProxy when its master dies or its VPC's namespace was made anew, with what it served. */
  #watch(served: Served): void {
    const arn = served.spec.loadBalancerArn;
    const look = (): void => {
      if (this.#closed || this.#served.get(arn) !== served) return;
      const alive = isAlive(served.pid);
      if (alive && !isAstray(served.pid, this.#options.namespaceOf(served.spec.vpcId))) {
        served.unwatch = this.#options.clock.after(watchMs, look);
        this.#mendFlows(served);
        return;
      }
      const what = alive ? 'HAProxy stands in a network that is gone' : 'HAProxy died';
      this.#options.log.warn(`${what} and is started again`, { balancer: arn, pid: served.pid });
      this.#inTurn(arn, async () => {
        if (this.#served.get(arn) === served) await this.#apply(served.spec);
      }).catch((error: unknown) => {
        this.#options.log.error('HAProxy does not start', { balancer: arn, error: messageOf(error) });
        served.unwatch = this.#options.clock.after(deleteAgainMs, look);
      });
    };
    served.unwatch = this.#options.clock.after(watchMs, look);
  }

  /** Looks from time to time whether somebody took the flows away, and makes them again. */
  #mendFlows(served: Served): void {
    const { clock, log } = this.#options;
    if (clock.now() < served.mendAt) return;
    served.mendAt = clock.now() + mendMs;
    const { files, spec, inRotation } = served;
    this.#inTurn(spec.loadBalancerArn, async () => {
      if (this.#served.get(spec.loadBalancerArn) !== served) return;
      const place = this.#flowPlace(files, spec.vpcId);
      if (!(await flowsStand(place))) await applyFlows(place, spec, inRotation);
    }).catch((error: unknown) =>
      log.warn('flows are not as wanted yet', { balancer: spec.loadBalancerArn, error: messageOf(error) }),
    );
  }

  #filesOf(loadBalancerArn: string): BalancerFiles {
    return filesOf(join(this.#options.stateDirectory, directoryName(loadBalancerArn)));
  }
}

function withoutKeys(spec: BalancerSpec): BalancerSpec {
  const listeners = spec.listeners.map((listener) =>
    listener.tls === undefined ? listener : { ...listener, tls: { ...listener.tls, certificates: [] } },
  );
  return { ...spec, listeners };
}

function figureTable({ directory }: Pick<BalancerFiles, 'directory'>): string {
  return `figures-${basename(directory)}`;
}

/** Whether connections to a target end when it is found unhealthy ("Connection termination for unhealthy targets", ELB). */
function cutsUnhealthy({ attributes }: TargetGroupSpec): boolean {
  return attributes['target_health_state.unhealthy.connection_termination.enabled'] === 'true';
}

/** Whether connections end with the deregistration of their target; only those through a network load balancer may go on. */
function cutsGone({ type, targetGroups }: BalancerSpec, backend: string): boolean {
  const group = targetGroups.find((each) => backendsOf(each).some(({ name }) => name === backend));
  return type !== 'network' || group?.attributes['deregistration_delay.connection_termination.enabled'] === 'true';
}

/** Whom workers run as, when their master is root. */
function workersAs(): typeof nobody | undefined {
  return process.getuid?.() === 0 ? nobody : undefined;
}

/**
 * Two descriptors a connection within the limit on open files, and no more than a busy balancer needs: HAProxy sizes its tables by
 * it, and the limit may be millions.
 */
function maxConnections(): number {
  const limit = /^Max open files\s+\d+\s+(\d+)/m.exec(readText('/proc/self/limits') ?? '');
  return Math.min(16_384, Math.floor((Number(limit?.[1] ?? 65_536) - 200) / 2));
}

function readText(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

/** Waits until the other end has said something; rejects when it closes before. */
function firstByte(socket: Socket): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once('data', () => resolve());
  socket.once('close', () => reject(new DriverError('retryable', 'the target does not accept connections')));
  return promise;
}

/** Waits for the connection; an abort ends the socket before and after. */
function connected(socket: Socket, signal: AbortSignal): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const onAbort = (): void => {
    socket.destroy(signal.reason as Error);
  };
  socket.once('connect', () => resolve(socket));
  socket.on('error', (error) => reject(new DriverError('retryable', error.message, { cause: error })));
  socket.once('close', () => signal.removeEventListener('abort', onAbort));
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return promise;
}
