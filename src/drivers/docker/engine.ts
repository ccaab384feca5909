import { availableParallelism } from 'node:os';
import type { Clock } from '../../base/clock.ts';
import { DriverError } from '../../base/errors.ts';
import type { ContainerState, DockerDriver, LogLine, PullProgress } from './driver.ts';
import { createEngineHttp, engineAddress, statusOf } from './engine-http.ts';
import { followEvents } from './events.ts';
import { endAbandonedExecs, startExec, type HeldExecs } from './exec.ts';
import { jsonLines } from './json-lines.ts';
import { limiter } from './limit.ts';
import { logLines, sinceQuery } from './log-stream.ts';
import { hasProjectQuotas } from './project-quotas.ts';
import { pullImage } from './pull.ts';
import { createBody, detailsOf, stateOf, statsOf, type EngineContainer } from './translate.ts';

export interface DockerOptions {
  /** `DOCKER_HOST`'s value; the engine's usual socket when absent. */
  readonly dockerHost?: string | undefined;
  readonly clock: Clock;
  /** How many containers may be created or started at a time; twice the cores unless given. */
  readonly concurrency?: number;
}

/** How many images are pulled at a time: each has several downloads of its own, and some may wait on a slow registry. */
const pullsAtOnce = 8;

/** The members of `GET /info` that are read here. */
interface EngineInfo {
  readonly NCPU: number;
  readonly MemTotal: number;
  readonly Driver?: string;
  readonly DockerRootDir: string;
  readonly CgroupDriver?: string;
  readonly CgroupVersion?: string;
}

/** The driver of a Docker engine over its HTTP API ("Docker Engine API", 1.24 and later). */
export function createDocker(options: DockerOptions): DockerDriver {
  const http = createEngineHttp(engineAddress(options.dockerHost));
  const { clock } = options;
  const limited = limiter(options.concurrency ?? 2 * availableParallelism());
  const pulling = limiter(pullsAtOnce);
  const pulls = new Map<string, SharedPull>();
  const held: HeldExecs = new Set();

  const inspect = async (id: string): Promise<ContainerState> =>
    stateOf(await http.json<EngineContainer>('GET', `/containers/${encodeURIComponent(id)}/json`));

  return {
    async version() {
      const answer = await http.json<{ Version: string; KernelVersion: string }>('GET', '/version');
      return { engine: answer.Version, api: await http.apiVersion(), kernel: answer.KernelVersion };
    },
    async capacity() {
      const info = await http.json<EngineInfo>('GET', '/info');
      const cgroups = info.CgroupDriver === 'systemd' ? 'systemd' : info.CgroupVersion === '2' ? 'v2' : 'v1';
      const dataRoot = info.DockerRootDir;
      const boundsLayers = info.Driver === 'overlay2' && hasProjectQuotas(dataRoot);
      return { cpus: info.NCPU, memoryBytes: info.MemTotal, cgroups, dataRoot, boundsLayers };
    },
    events: (label, onEvent, onConnect) => followEvents(http, clock, label, onEvent, onConnect),

    async pull(image, { auth, onProgress, signal }) {
      // Different credentials may see different things under the same name, so that they do not share.
      const key = JSON.stringify([image, auth]);
      let shared = pulls.get(key);
      if (shared === undefined) {
        const stop = new AbortController();
        const followers = new Set<(progress: PullProgress) => void>();
        const progress = (now: PullProgress): void => followers.forEach((tell) => tell(now));
        const done = pulling(() => pullImage(http, image, auth, progress, stop.signal)).finally(() => {
          if (pulls.get(key) === shared) pulls.delete(key);
        });
        shared = { done, followers, stop, users: 0 };
        pulls.set(key, shared);
      }
      await follow(shared, onProgress, signal, () => pulls.delete(key));
    },
    async image(reference) {
      const found = await http.json<{
        Id: string;
        Size: number;
        RepoDigests?: string[] | null;
        Config?: { ExposedPorts?: Record<string, unknown> | null } | null;
      }>('GET', `/images/${reference}/json`);
      return {
        id: found.Id,
        repoDigests: found.RepoDigests ?? [],
        exposedPorts: Object.keys(found.Config?.ExposedPorts ?? {}),
        sizeBytes: found.Size,
      };
    },
    async importImage(reference, rootTar, config) {
      const colon = reference.lastIndexOf(':');
      const body = await http.stream('POST', '/images/create', {
        query: {
          fromSrc: '-',
          repo: reference.slice(0, colon),
          tag: reference.slice(colon + 1),
          changes: `ENTRYPOINT ${JSON.stringify(config.entryPoint)}`,
        },
        body: rootTar,
      });
      for await (const line of jsonLines<{ error?: string }>(body)) {
        if (line.error !== undefined) throw new DriverError('fatal', line.error);
      }
    },
    async tag(image, reference) {
      const colon = reference.lastIndexOf(':');
      const tagged = colon > reference.lastIndexOf('/');
      await http.json('POST', `/images/${image}/tag`, {
        query: {
          repo: tagged ? reference.slice(0, colon) : reference,
          tag: tagged ? reference.slice(colon + 1) : 'latest',
        },
      });
    },

    create: (spec) =>
      limited(async () => {
        try {
          const { Id } = await http.json<{ Id: string }>('POST', '/containers/create', {
            query: { name: spec.name },
            body: createBody(spec),
          });
          return Id;
        } catch (error) {
          if (statusOf(error) !== 409) throw error;
          const there = await inspect(spec.name);
          const same = Object.entries(spec.labels).every(([name, value]) => there.labels[name] === value);
          if (same) return there.id;
          throw error;
        }
      }),
    start: (id) => limited(() => http.json('POST', `/containers/${id}/start`)),
    async stop(id, timeoutSeconds) {
      await http.json('POST', `/containers/${id}/stop`, { query: { t: String(timeoutSeconds) } });
    },
    async kill(id, signal) {
      try {
        await http.json('POST', `/containers/${id}/kill`, { query: { signal } });
      } catch (error) {
        if (statusOf(error) !== 409) throw error;
      }
    },
    async pause(id) {
      try {
        await http.json('POST', `/containers/${id}/pause`);
      } catch (error) {
        // 409: paused already, or not running. Older engines answer 500 for the former.
        if (!unmoved(error)) throw error;
      }
    },
    async unpause(id) {
      try {
        await http.json('POST', `/containers/${id}/unpause`);
      } catch (error) {
        if (!unmoved(error)) throw error;
      }
    },
    async wait(id, signal) {
      const { StatusCode } = await http.json<{ StatusCode: number }>('POST', `/containers/${id}/wait`, { signal });
      return StatusCode;
    },
    async rename(id, name) {
      await http.json('POST', `/containers/${id}/rename`, { query: { name } });
    },
    async remove(id) {
      try {
        await http.json('DELETE', `/containers/${id}`, { query: { force: '1', v: '1' } });
      } catch (error) {
        // 409: its removal is already under way.
        if (statusOf(error) !== 404 && statusOf(error) !== 409) throw error;
      }
    },
    async putArchive(id, directory, tar) {
      await http.json('PUT', `/containers/${id}/archive`, { query: { path: directory }, body: tar });
    },
    async createVolume({ name, labels, driver, driverOptions }) {
      const { Mountpoint } = await http.json<{ Mountpoint: string }>('POST', '/volumes/create', {
        body: { Name: name, Labels: labels, Driver: driver ?? 'local', DriverOpts: driverOptions ?? {} },
      });
      return { mountpoint: Mountpoint };
    },
    async hasVolume(name) {
      try {
        await http.json('GET', `/volumes/${encodeURIComponent(name)}`);
        return true;
      } catch (error) {
        if (statusOf(error) === 404) return false;
        throw error;
      }
    },
    async listVolumes(wanted) {
      const { Volumes } = await http.json<{
        Volumes: { Name: string; Labels: Record<string, string> | null }[] | null;
      }>('GET', '/volumes', { query: { filters: JSON.stringify({ label: wanted }) } });
      return (Volumes ?? []).map(({ Name, Labels }) => ({ name: Name, labels: Labels ?? {} }));
    },
    async removeVolume(name) {
      try {
        await http.json('DELETE', `/volumes/${name}`);
      } catch (error) {
        if (statusOf(error) !== 404) throw error;
      }
    },
    inspect,
    async layerBytes(id) {
      const path = `/containers/${encodeURIComponent(id)}/json?size=true`;
      const { SizeRw: size = 0 } = await http.json<{ SizeRw?: number }>('GET', path);
      return size;
    },
    async details(id) {
      return detailsOf(await http.json<EngineContainer>('GET', `/containers/${encodeURIComponent(id)}/json`));
    },
    async list(labels) {
      const found = await http.json<{ Id: string }[]>('GET', '/containers/json', {
        query: { all: '1', filters: JSON.stringify({ label: labels }) },
      });
      const states = await Promise.all(
        found.map(async ({ Id }) => {
          try {
            return await inspect(Id);
          } catch (error) {
            // Removed since it was listed.
            if (error instanceof DriverError && error.kind === 'gone') return undefined;
            throw error;
          }
        }),
      );
      return states.filter((state) => state !== undefined);
    },
    async stats(id) {
      const raw = await http.json<Record<string, unknown>>('GET', `/containers/${id}/stats`, {
        query: { stream: 'false', 'one-shot': 'true' },
      });
      return statsOf(raw, clock.now());
    },
    async *logs(id, { since, follow, signal }): AsyncGenerator<LogLine> {
      const container = await http.json<EngineContainer>('GET', `/containers/${id}/json`, { signal });
      let last = since;
      // An engine that follows may stop at the container's end without its very last line: what is written is read again.
      for (const following of follow ? [true, false] : [false]) {
        const body = await http.stream('GET', `/containers/${id}/logs`, {
          query: {
            stdout: '1',
            stderr: '1',
            timestamps: '1',
            follow: following ? '1' : '0',
            since: last === undefined ? undefined : sinceQuery(last),
          },
          signal,
        });
        try {
          for await (const line of logLines(body, container.Config.Tty === true, last ?? '')) {
            // The two streams' stamps need not rise together.
            if (last === undefined || line.stamp > last) last = line.stamp;
            yield line;
          }
        } catch (error) {
          signal?.throwIfAborted();
          throw new DriverError('retryable', 'The Docker daemon broke off the log stream', { cause: error });
        } finally {
          body.destroy();
        }
      }
    },
    exec: (id, execOptions) => startExec(http, clock, held, id, execOptions),
    endAbandonedExecs: (id) => endAbandonedExecs(http, clock, held, id),
    close() {
      http.close();
      return Promise.resolve();
    },
  };
}

/** Whether a pause or unpause was refused because there is nothing to do. */
function unmoved(error: unknown): boolean {
  if (statusOf(error) === 409) return true;
  return statusOf(error) === 500 && error instanceof Error && /is (already|not) (paused|running)/.test(error.message);
}

interface SharedPull {
  readonly done: Promise<void>;
  readonly followers: Set<(progress: PullProgress) => void>;
  readonly stop: AbortController;
  users: number;
}

/** Waits for a shared pull; it is called off only when the last of those who wait for it gives up. */
async function follow(
  shared: SharedPull,
  onProgress: ((progress: PullProgress) => void) | undefined,
  signal: AbortSignal | undefined,
  forget: () => void,
): Promise<void> {
  const gaveUp = Promise.withResolvers<never>();
  const onAbort = (): void => gaveUp.reject(signal?.reason);
  shared.users++;
  if (onProgress !== undefined) shared.followers.add(onProgress);
  if (signal?.aborted === true) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([shared.done, gaveUp.promise]);
  } finally {
    signal?.removeEventListener('abort', onAbort);
    if (onProgress !== undefined) shared.followers.delete(onProgress);
    if (--shared.users === 0 && signal?.aborted === true) {
      forget();
      shared.done.catch(() => {});
      shared.stop.abort(signal.reason);
    }
  }
}
