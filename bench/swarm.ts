import { must } from '../test/support/clients.ts';
import { OwnEngine } from '../test/support/own-engine.ts';
import { engineApi } from './engine-api.ts';
import { cpuSeconds } from './cpu.ts';
import { nowMs } from './report.ts';
import { pause } from './workload.ts';

interface SwarmTask {
  readonly ID: string;
  readonly DesiredState: string;
  readonly Status: { readonly State: string; readonly ContainerStatus?: { readonly PID: number } };
}
interface SwarmService {
  readonly ID: string;
  readonly Version: { readonly Index: number };
  readonly Spec: Record<string, unknown>;
}

/** Docker Swarm on an engine of its own, whose network leads nowhere: one node, one service that restarts at once. */
export class Swarm {
  readonly #engine = new OwnEngine({ apart: true });
  readonly #call = engineApi(this.#engine.socket);
  #service = '';

  /** Starts it with an image of the engine at `from`. */
  async start(from: string, image: string): Promise<void> {
    await this.#engine.start();
    const shell = `docker --host ${from} save ${image} | docker --host ${this.#engine.socket} load`;
    await must('sh', ['-c', shell]);
    const history = { Orchestration: { TaskHistoryRetentionLimit: 0 } };
    await this.#call('POST', '/swarm/init', {
      ListenAddr: '127.0.0.1:2377',
      AdvertiseAddr: '127.0.0.1',
      Spec: history,
    });
    const { ID } = await this.#call<{ ID: string }>('POST', '/services/create', {
      Name: 'bench',
      TaskTemplate: {
        ContainerSpec: { Image: image, StopGracePeriod: 2e9 },
        RestartPolicy: { Condition: 'any', Delay: 0 },
      },
      Mode: { Replicated: { Replicas: 0 } },
    });
    this.#service = ID;
  }

  /** Milliseconds from asking for `count` replicas until so many run, and CPU seconds of the engine. */
  async scale(count: number): Promise<{ readonly ms: number; readonly cpu: number }> {
    const before = cpuSeconds(await this.#engine.pids());
    const startedAt = nowMs();
    const { Version, Spec } = await this.#call<SwarmService>('GET', `/services/${this.#service}`);
    const spec = { ...Spec, Mode: { Replicated: { Replicas: count } } };
    await this.#call('POST', `/services/${this.#service}/update?version=${Version.Index}`, spec);
    while ((await this.#running()).length !== count) await pause(50);
    const ms = nowMs() - startedAt;
    return { ms, cpu: cpuSeconds(await this.#engine.pids()) - before };
  }

  /** Resolves once no container is left of what was scaled down. */
  async cleared(): Promise<void> {
    while ((await this.#call<unknown[]>('GET', '/containers/json?all=1')).length > 0) await pause(200);
  }

  /** Milliseconds from killing a replica's process until another one runs in its place. */
  async replaced(): Promise<number> {
    const before = await this.#running();
    const [victim] = before;
    const startedAt = nowMs();
    process.kill(victim?.Status.ContainerStatus?.PID ?? 0, 'SIGKILL');
    for (;;) {
      await pause(5);
      const now = await this.#running();
      if (now.length === before.length && !now.some(({ ID }) => ID === victim?.ID)) return nowMs() - startedAt;
    }
  }

  remove(): Promise<void> {
    return this.#engine.remove();
  }

  async #running(): Promise<SwarmTask[]> {
    const filters = encodeURIComponent(JSON.stringify({ service: ['bench'], 'desired-state': ['running'] }));
    const tasks = await this.#call<SwarmTask[]>('GET', `/tasks?filters=${filters}`);
    return tasks.filter(({ Status }) => Status.State === 'running');
  }
}
