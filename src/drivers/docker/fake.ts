import { isoOf, type Clock } from '../../base/clock.ts';
import { DriverError } from '../../base/errors.ts';
import { seededIds, type Ids } from '../../base/ids.ts';
import type {
  ContainerDetails,
  ContainerEvent,
  ContainerSpec,
  ContainerState,
  DockerDriver,
  ExecOptions,
  ExecSession,
  LogLine,
  PullProgress,
  RegistryAuth,
  VolumeSpec,
} from './driver.ts';
import { isKnown, runScript } from './fake-shell.ts';

interface FakeContainer {
  readonly id: string;
  readonly spec: ContainerSpec;
  state: ContainerState;
  readonly lines: LogLine[];
  /** The files that were put into it, by their paths. */
  readonly files: Map<string, string>;
  /** Told when a line is written or the container ends. */
  readonly watchers: Set<() => void>;
  stop: AbortController;
  ignoresTerm: boolean;
  /** What it would have written meanwhile, while it is frozen. */
  frozen: (() => void)[] | undefined;
}

interface FakeMount {
  readonly Type: string;
  readonly Source?: string;
  readonly VolumeOptions?: { readonly Labels?: Record<string, string> };
}

interface FakeExec {
  readonly containerId: string;
  readonly tty: boolean;
  readonly stop: AbortController;
  abandoned?: boolean;
}

interface Subscription {
  readonly label: string;
  readonly onEvent: (event: ContainerEvent) => void;
  readonly onConnect: () => void;
}

/** What goes wrong with everything made of an image, until it is set again. */
export interface FakeImageTrouble {
  readonly pull?: DriverError;
  readonly create?: DriverError;
  readonly start?: DriverError;
}

/**
 * An engine in memory. Containers whose command is `sh -c <script>` run it (see `fake-shell.ts`); all others run until they
 * are stopped. It outlives those who use it, as an engine does: give one to two drivers' users in turn to test a restart.
 */
export class FakeDocker implements DockerDriver {
  readonly #clock: Clock;
  readonly #ids: Ids;
  readonly #images = new Map<string, { id: string; repoDigests: string[] }>();
  readonly #trouble = new Map<string, FakeImageTrouble>();
  readonly #containers = new Map<string, FakeContainer>();
  readonly #subscriptions = new Set<Subscription>();
  readonly #execs = new Set<FakeExec>();
  #alive = true;
  #lastPid = 1000;
  #lastStamp = 0n;
  /** The pulls that were asked for, in order, with the credentials they came with. */
  readonly pulled: { readonly image: string; readonly auth?: RegistryAuth }[] = [];

  /** The named volumes that were made and not removed. */
  readonly volumes = new Map<string, VolumeSpec>();

  /** Whether it can bound a container's layer. */
  boundsLayers = false;

  constructor(options: { clock: Clock; ids?: Ids }) {
    this.#clock = options.clock;
    this.#ids = options.ids ?? seededIds(1);
  }

  /** Makes a local image. */
  addImage(reference: string): void {
    const digest = `sha256:${this.#ids.hex(64)}`;
    const name = withTag(reference);
    this.#images.set(name, {
      id: `sha256:${this.#ids.hex(64)}`,
      repoDigests: [`${name.replace(/:[^:/]*$/, '')}@${digest}`],
    });
  }

  /** Scripts failures of an image; pulls of images that were never scripted or added succeed. */
  trouble(image: string, trouble: FakeImageTrouble): void {
    this.#trouble.set(image, trouble);
  }

  /** An engine that is away refuses every call; its containers run on (as with live-restore). */
  setAlive(alive: boolean): void {
    if (alive && !this.#alive) for (const each of this.#subscriptions) queueMicrotask(each.onConnect);
    this.#alive = alive;
  }

  /** The engine restarts without live-restore: every container is dead when it comes back, and nobody was told. */
  restart(): void {
    this.setAlive(false);
    for (const container of this.#containers.values()) {
      if (container.state.status === 'running') this.#end(container, 255);
    }
    this.setAlive(true);
  }

  /** Ends a running container as `kill -9` on its process does. */
  crash(id: string, exitCode: number, oomKilled = false): void {
    const container = this.#find(id);
    if (oomKilled) this.tellOutOfMemory(id);
    this.#end(container, exitCode, oomKilled);
  }

  /** Says that a container's memory ran out: as a real engine may, only after its end, of which nothing else then tells. */
  tellOutOfMemory(id: string): void {
    this.#tell(this.#find(id), { action: 'oom' });
  }

  /** Sets what a container's health check found. */
  setHealth(id: string, health: 'starting' | 'healthy' | 'unhealthy'): void {
    const container = this.#find(id);
    container.state = { ...container.state, health };
    this.#tell(container, { action: 'health', health });
  }

  /** Takes a container away without any event, as if it had happened while nobody listened. */
  vanish(id: string): void {
    const container = this.#find(id);
    container.stop.abort();
    this.#containers.delete(container.id);
  }

  /** Writes a line as the container's process would. */
  print(id: string, line: string, stream: 'stdout' | 'stderr' = 'stdout'): void {
    this.#print(this.#find(id), stream, line);
  }

  /** The files that were put into a container, by their paths. */
  filesOf(id: string): ReadonlyMap<string, string> {
    return this.#find(id).files;
  }

  /** What a container was created from. */
  specOf(id: string): ContainerSpec {
    return this.#find(id).spec;
  }

  async version(): Promise<{ engine: string; api: string; kernel: string }> {
    this.#answer();
    return { engine: 'fake', api: '1.47', kernel: 'fake' };
  }

  async capacity(): ReturnType<DockerDriver['capacity']> {
    this.#answer();
    return { cpus: 2, memoryBytes: 4 * 2 ** 30, cgroups: 'v1', dataRoot: '/fake', boundsLayers: this.boundsLayers };
  }

  events(label: string, onEvent: (event: ContainerEvent) => void, onConnect: () => void): () => void {
    const subscription = { label, onEvent, onConnect };
    this.#subscriptions.add(subscription);
    if (this.#alive) queueMicrotask(() => this.#subscriptions.has(subscription) && onConnect());
    return () => void this.#subscriptions.delete(subscription);
  }

  async pull(
    image: string,
    options: { auth?: RegistryAuth; onProgress?: (progress: PullProgress) => void; signal?: AbortSignal },
  ): Promise<void> {
    await this.#turn();
    options.signal?.throwIfAborted();
    this.pulled.push({ image, ...(options.auth === undefined ? {} : { auth: options.auth }) });
    const failure = this.#trouble.get(image)?.pull;
    if (failure !== undefined) throw failure;
    if (!this.#images.has(withTag(image))) this.addImage(image);
    options.onProgress?.({ status: 'Pull complete', currentBytes: 1, totalBytes: 1 });
  }

  async image(
    reference: string,
  ): Promise<{ id: string; repoDigests: readonly string[]; exposedPorts: readonly string[]; sizeBytes: number }> {
    await this.#turn();
    const byId = [...this.#images.values()].find(({ id }) => id === reference);
    const found = byId ?? this.#images.get(withTag(reference));
    if (found === undefined) throw new DriverError('gone', `Error response from daemon: No such image: ${reference}`);
    return { ...found, exposedPorts: [], sizeBytes: 2 ** 20 };
  }

  async importImage(reference: string): Promise<void> {
    await this.#turn();
    this.addImage(reference);
  }

  async tag(image: string, reference: string): Promise<void> {
    await this.#turn();
    const found = this.#images.get(withTag(image));
    if (found === undefined) throw new DriverError('gone', `Error response from daemon: No such image: ${image}`);
    this.#images.set(withTag(reference), found);
  }

  async create(spec: ContainerSpec): Promise<string> {
    await this.#turn();
    const failure = this.#trouble.get(spec.image)?.create;
    if (failure !== undefined) throw failure;
    const there = [...this.#containers.values()].find((each) => each.state.name === spec.name);
    if (there !== undefined) {
      const same = Object.entries(spec.labels).every(([name, value]) => there.spec.labels[name] === value);
      if (same) return there.id;
      throw new DriverError(
        'fatal',
        `Error response from daemon: Conflict. The container name "/${spec.name}" is already in use by container "${there.id}".`,
      );
    }
    const image = this.#images.get(withTag(spec.image));
    if (image === undefined) throw new DriverError('gone', `Error response from daemon: No such image: ${spec.image}`);
    const id = this.#ids.hex(64);
    const container: FakeContainer = {
      id,
      spec,
      state: {
        id,
        name: spec.name,
        labels: spec.labels,
        status: 'created',
        pid: 0,
        oomKilled: false,
        error: '',
        createdAt: this.#clock.now(),
        imageId: image.id,
      },
      lines: [],
      files: new Map(),
      watchers: new Set(),
      stop: new AbortController(),
      ignoresTerm: false,
      frozen: undefined,
    };
    this.#containers.set(id, container);
    for (const { Type, Source, VolumeOptions } of (spec.hostConfig['Mounts'] as FakeMount[] | undefined) ?? []) {
      if (Type !== 'volume' || Source === undefined || this.volumes.has(Source)) continue;
      this.volumes.set(Source, { name: Source, labels: VolumeOptions?.Labels ?? {} });
    }
    this.#tell(container, { action: 'create' });
    return id;
  }

  async start(id: string): Promise<void> {
    await this.#turn();
    const container = this.#find(id);
    if (container.state.status === 'running') return;
    const failure = this.#trouble.get(container.spec.image)?.start;
    if (failure !== undefined) throw failure;
    const { exitCode: _code, finishedAt: _finished, ...state } = container.state;
    const check = container.spec.config['Healthcheck'] as { Test?: string[] } | undefined;
    container.state = {
      ...state,
      status: 'running',
      pid: ++this.#lastPid,
      startedAt: this.#clock.now(),
      ...(check === undefined ? {} : { health: 'starting' as const }),
    };
    container.stop = new AbortController();
    container.ignoresTerm = false;
    this.#tell(container, { action: 'start' });
    this.#run(container);
    this.#check(container);
  }

  async stop(id: string, timeoutSeconds: number): Promise<void> {
    await this.#turn();
    const container = this.#find(id);
    if (container.state.status !== 'running') return;
    if (container.ignoresTerm) await this.#ended(container, timeoutSeconds * 1000);
    this.#end(container, container.ignoresTerm ? 137 : 143);
  }

  async kill(id: string, signal: string): Promise<void> {
    await this.#turn();
    const container = this.#find(id);
    if (container.state.status !== 'running') return;
    if (signal === 'SIGKILL' || signal === 'KILL') this.#end(container, 137);
    else if (signal === 'SIGTERM' && !container.ignoresTerm) this.#end(container, 143);
  }

  async pause(id: string): Promise<void> {
    await this.#turn();
    const container = this.#find(id);
    if (container.state.status === 'running') container.frozen ??= [];
  }

  async unpause(id: string): Promise<void> {
    await this.#turn();
    this.#thaw(this.#find(id));
  }

  async wait(id: string, signal?: AbortSignal): Promise<number> {
    await this.#turn();
    const container = this.#find(id);
    await this.#ended(container, undefined, signal);
    return container.state.exitCode ?? 0;
  }

  async rename(id: string, name: string): Promise<void> {
    await this.#turn();
    const container = this.#find(id);
    container.state = { ...container.state, name };
  }

  async remove(id: string): Promise<void> {
    await this.#turn();
    const container = this.#containers.get(id);
    if (container === undefined) return;
    this.#end(container, 137);
    this.#containers.delete(id);
    this.#tell(container, { action: 'destroy' });
  }

  async putArchive(id: string, directory: string, tar: Uint8Array): Promise<void> {
    await this.#turn();
    const { files } = this.#find(id);
    for (const { path, text } of untar(Buffer.from(tar))) files.set(`${directory}/${path}`, text);
  }

  async createVolume(volume: VolumeSpec): Promise<{ mountpoint: string }> {
    await this.#turn();
    if (!this.volumes.has(volume.name)) this.volumes.set(volume.name, volume);
    return { mountpoint: `/fake/volumes/${volume.name}/_data` };
  }

  async hasVolume(name: string): Promise<boolean> {
    await this.#turn();
    return this.volumes.has(name);
  }

  async listVolumes(wanted: readonly string[]): Promise<{ name: string; labels: Readonly<Record<string, string>> }[]> {
    await this.#turn();
    return [...this.volumes.values()].filter(({ labels }) => wanted.every((label) => matches(labels, label)));
  }

  async removeVolume(name: string): Promise<void> {
    await this.#turn();
    this.volumes.delete(name);
  }

  async inspect(id: string): Promise<ContainerState> {
    await this.#turn();
    return shown(this.#find(id));
  }

  async details(id: string): Promise<ContainerDetails> {
    await this.#turn();
    const { state, spec } = this.#find(id);
    const mounts = (spec.hostConfig['Mounts'] ?? []) as { Type: string; Source: string; Target: string }[];
    return {
      createdAt: state.createdAt,
      imageId: state.imageId,
      mounts: mounts.map(({ Type: type, Source: source, Target: destination }) =>
        type === 'volume'
          ? { name: source, source: `/fake/volumes/${source}/_data`, destination }
          : { source, destination },
      ),
      layer: `/fake/layers/${id}`,
      networks: {},
    };
  }

  async layerBytes(id: string): Promise<number> {
    await this.#turn();
    this.#find(id);
    return 0;
  }

  async list(labels: readonly string[]): Promise<ContainerState[]> {
    await this.#turn();
    return [...this.#containers.values()]
      .map(shown)
      .filter((state) => labels.every((label) => matches(state.labels, label)));
  }

  async stats(id: string): ReturnType<DockerDriver['stats']> {
    await this.#turn();
    const running = this.#find(id).state.status === 'running';
    return {
      at: this.#clock.now(),
      cpuTotalNanos: running ? 1_000_000 : 0,
      systemCpuNanos: running ? 1_000_000_000 : 0,
      onlineCpus: running ? 2 : 0,
      memoryUsageBytes: running ? 2 ** 20 : 0,
      memoryLimitBytes: running ? 4 * 2 ** 30 : 0,
      raw: {
        read: isoOf(this.#clock.now()),
        cpu_stats: { cpu_usage: { total_usage: running ? 1_000_000 : 0 }, online_cpus: running ? 2 : 0 },
        memory_stats: { usage: running ? 2 ** 20 : 0 },
      },
    };
  }

  async *logs(id: string, options: { since?: string; follow: boolean; signal?: AbortSignal }): AsyncGenerator<LogLine> {
    await this.#turn();
    const container = this.#find(id);
    const since = options.since ?? '';
    let next = 0;
    for (;;) {
      for (; next < container.lines.length; next++) {
        const line = container.lines[next];
        if (line !== undefined && line.stamp > since) yield line;
      }
      if (!options.follow || container.state.status !== 'running') return;
      await this.#news(container, options.signal);
      this.#answer();
    }
  }

  async exec(id: string, options: ExecOptions): Promise<ExecSession> {
    await this.#turn();
    const container = this.#find(id);
    if (container.state.status !== 'running') {
      throw new DriverError('fatal', `Error response from daemon: Container ${id} is not running`);
    }
    const shell = scriptOf(options.command);
    const script = shell ?? options.command.join(' ');
    if (shell === undefined && !isKnown(script)) {
      throw new DriverError('fatal', `exec: "${options.command[0]}": executable file not found in $PATH: unknown`);
    }
    const input = queue<string>();
    const output = queue<{ stream: 'stdout' | 'stderr'; data: Uint8Array }>();
    const write = (stream: 'stdout' | 'stderr', text: string): void =>
      // A terminal has one stream, and ends lines as terminals do.
      output.push(
        options.tty
          ? { stream: 'stdout', data: Buffer.from(text.replaceAll('\n', '\r\n')) }
          : { stream, data: Buffer.from(text) },
      );
    const stop = new AbortController();
    const exec: FakeExec = { containerId: container.id, tty: options.tty, stop };
    this.#execs.add(exec);
    const size = { columns: 0, rows: 0 };
    const exited = runScript(script, {
      clock: this.#clock,
      signal: AbortSignal.any([container.stop.signal, stop.signal]),
      input: input.items,
      write,
      ignoreTerm: () => {},
      size,
    }).catch(() => (stop.signal.aborted ? 129 : 137));
    const ended = Promise.race([exited, aborted(stop.signal, 129), aborted(container.stop.signal, 137)]);
    void ended.then(() => {
      this.#execs.delete(exec);
      output.end();
    });
    return {
      output: output.items,
      write: (data) => {
        input.push(Buffer.from(data).toString());
        return Promise.resolve();
      },
      end: () => input.end(),
      resize: (columns, rows) => {
        Object.assign(size, { columns, rows });
        return Promise.resolve();
      },
      terminate: () => {
        stop.abort();
        return Promise.resolve();
      },
      exited: ended,
    };
  }

  async endAbandonedExecs(id: string): Promise<number> {
    await this.#turn();
    const container = this.#find(id);
    const left = [...this.#execs].filter((exec) => exec.tty && exec.containerId === container.id && exec.abandoned);
    for (const { stop } of left) stop.abort();
    return left.length;
  }

  /** Whoever ran programs is killed: the programs run on, and nobody holds them. */
  abandonExecs(): void {
    for (const exec of this.#execs) exec.abandoned = true;
  }

  /** How many programs run that `exec` began. */
  get execCount(): number {
    return this.#execs.size;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Every call is answered later than it was asked, as over a socket. */
  async #turn(): Promise<void> {
    this.#answer();
    await Promise.resolve();
  }

  #answer(): void {
    if (!this.#alive) throw new DriverError('retryable', 'Cannot connect to the Docker daemon: it is away');
  }

  #find(id: string): FakeContainer {
    const found = this.#containers.get(id) ?? [...this.#containers.values()].find((each) => each.spec.name === id);
    if (found === undefined) throw new DriverError('gone', `Error response from daemon: No such container: ${id}`);
    return found;
  }

  #tell(container: FakeContainer, event: Pick<ContainerEvent, 'action' | 'exitCode' | 'health'>): void {
    if (!this.#alive) return;
    const whole = { ...event, containerId: container.id, labels: container.spec.labels, at: this.#clock.now() };
    for (const each of this.#subscriptions) {
      if (!matches(container.spec.labels, each.label)) continue;
      queueMicrotask(() => this.#subscriptions.has(each) && each.onEvent(whole));
    }
  }

  #thaw(container: FakeContainer): void {
    const held = container.frozen ?? [];
    container.frozen = undefined;
    for (const go of held) go();
  }

  #print(container: FakeContainer, stream: 'stdout' | 'stderr', line: string): void {
    if (container.frozen !== undefined) {
      container.frozen.push(() => this.#print(container, stream, line));
      return;
    }
    const at = this.#clock.now();
    const nanos = BigInt(at) * 1_000_000n;
    // Two lines never carry the same stamp.
    this.#lastStamp = nanos > this.#lastStamp ? nanos : this.#lastStamp + 1n;
    const ms = Number(this.#lastStamp / 1_000_000n);
    const below = (this.#lastStamp % 1_000_000n).toString().padStart(6, '0');
    container.lines.push({ stream, stamp: isoOf(ms).replace('Z', `${below}Z`), at: ms, line });
    container.watchers.forEach((tell) => tell());
  }

  #run(container: FakeContainer): void {
    const script = scriptOf([...(container.spec.entryPoint ?? []), ...(container.spec.command ?? [])]);
    if (script === undefined) return;
    const { signal } = container.stop;
    const input = queue<string>();
    input.end();
    runScript(script, {
      clock: this.#clock,
      signal,
      input: input.items,
      write: (stream, text) => this.#print(container, stream, text.replace(/\n$/, '')),
      ignoreTerm: () => (container.ignoresTerm = true),
      fileOf: (path) => container.files.get(path),
    }).then(
      (code) => {
        const end = (): void => void (signal.aborted || this.#end(container, code));
        if (container.frozen === undefined) end();
        else container.frozen.push(end);
      },
      () => {},
    );
  }

  /** Runs the health check of a container's configuration while it lives. */
  #check(container: FakeContainer): void {
    const check = container.spec.config['Healthcheck'] as
      | { Test?: string[]; Interval?: number; Retries?: number }
      | undefined;
    const test = check?.Test?.[0] === 'CMD-SHELL' ? check.Test[1] : undefined;
    if (test === undefined) return;
    const { signal } = container.stop;
    const loop = async (): Promise<void> => {
      for (let failures = 0; ;) {
        await this.#clock.sleep((check?.Interval ?? 30e9) / 1e6, signal);
        const input = queue<string>();
        input.end();
        const code = await runScript(test, {
          clock: this.#clock,
          signal,
          input: input.items,
          write: () => {},
          ignoreTerm: () => {},
        });
        failures = code === 0 ? 0 : failures + 1;
        const health = code === 0 ? 'healthy' : failures >= (check?.Retries ?? 3) ? 'unhealthy' : undefined;
        if (health !== undefined && container.state.health !== health) this.setHealth(container.id, health);
      }
    };
    loop().catch(() => {});
  }

  #end(container: FakeContainer, exitCode: number, oomKilled = false): void {
    if (container.state.status !== 'running') return;
    container.frozen = undefined;
    container.stop.abort(new Error('the container ended'));
    container.state = {
      ...container.state,
      status: 'exited',
      pid: 0,
      exitCode,
      oomKilled,
      finishedAt: this.#clock.now(),
    };
    this.#tell(container, { action: 'die', exitCode });
    container.watchers.forEach((tell) => tell());
  }

  /** Resolves at the next line or at the end. */
  #news(container: FakeContainer, signal?: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    signal?.throwIfAborted();
    const onAbort = (): void => reject(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    container.watchers.add(resolve);
    return promise.finally(() => {
      container.watchers.delete(resolve);
      signal?.removeEventListener('abort', onAbort);
    });
  }

  async #ended(container: FakeContainer, timeoutMs?: number, signal?: AbortSignal): Promise<void> {
    const late = new AbortController();
    const { promise, resolve } = Promise.withResolvers<void>();
    const giveUp = (): void => {
      late.abort();
      resolve();
    };
    const cancel = timeoutMs === undefined ? () => {} : this.#clock.after(timeoutMs, giveUp);
    while (container.state.status === 'running' && !late.signal.aborted) {
      await Promise.race([this.#news(container, signal), promise]);
    }
    cancel();
  }
}

/** A container's state as the engine tells it. */
function shown({ state, frozen }: FakeContainer): ContainerState {
  return frozen !== undefined && state.status === 'running' ? { ...state, status: 'paused' } : state;
}

/** The files of an archive that `tarOf` made. */
function* untar(tar: Buffer): Generator<{ path: string; text: string }> {
  for (let at = 0; tar[at] !== 0 && at < tar.length;) {
    const field = (from: number, length: number): string =>
      tar.toString('utf8', at + from, at + from + length).replace(/\0.*$/s, '');
    const size = Number.parseInt(field(124, 12), 8);
    yield { path: field(0, 100), text: tar.toString('utf8', at + 512, at + 512 + size) };
    at += 512 + Math.ceil(size / 512) * 512;
  }
}

function withTag(reference: string): string {
  if (reference.includes('@')) return reference;
  return reference.lastIndexOf(':') > reference.lastIndexOf('/') ? reference : `${reference}:latest`;
}

function matches(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  const equals = wanted.indexOf('=');
  if (equals < 0) return wanted in labels;
  return labels[wanted.slice(0, equals)] === wanted.slice(equals + 1);
}

function scriptOf(command: readonly string[]): string | undefined {
  const at = command.indexOf('-c');
  return at > 0 && command[at - 1]?.endsWith('sh') === true ? command[at + 1] : undefined;
}

/** Resolves with `code` when the signal aborts. */
function aborted(signal: AbortSignal, code: number): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  if (signal.aborted) resolve(code);
  else signal.addEventListener('abort', () => resolve(code), { once: true });
  return promise;
}

/** A stream that one side fills and the other reads. */
function queue<T>(): { push(item: T): void; end(): void; items: AsyncIterable<T> } {
  const waiting: T[] = [];
  let ended = false;
  let wake = (): void => {};
  async function* items(): AsyncGenerator<T> {
    for (;;) {
      const next = waiting.shift();
      if (next !== undefined) yield next;
      else if (ended) return;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  return {
    push: (item) => {
      waiting.push(item);
      wake();
    },
    end: () => {
      ended = true;
      wake();
    },
    items: items(),
  };
}
