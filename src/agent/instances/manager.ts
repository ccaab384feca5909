import type { Clock } from '../../base/clock.ts';
import { DriverError, messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { Cgroups } from '../../drivers/cgroups/cgroups.ts';
import type { ContainerState, DockerDriver } from '../../drivers/docker/driver.ts';
import type { NetworkDriver } from '../../drivers/network/driver.ts';
import type { InstanceMetadataSpec } from '../../wire/instance-metadata.ts';
import type { InstanceReport, InstanceSpec } from '../../wire/instance-spec.ts';
import { tasksOf, type Asker } from '../metadata/lookup.ts';
import { labels } from '../tasks/names.ts';
import type { TaskView } from '../tasks/view.ts';
import { haltContainers, removeContainers } from './containers.ts';
import { InnerNetwork } from './inner-network.ts';
import { bootOf, instanceSandbox } from './sandbox.ts';

/** The agent of one instance. */
export interface InstanceAgent {
  readonly tasks: readonly TaskView[];
  networkChanged(): void;
  stop(): Promise<void>;
}

/** What an instance's agent is made with. */
export interface InstanceParts {
  readonly spec: InstanceSpec;
  readonly inner: InnerNetwork;
  readonly cgroupParent: string;
}

export interface InstancesDeps {
  readonly docker: DockerDriver;
  readonly network: NetworkDriver;
  readonly cgroups: Cgroups;
  readonly clock: Clock;
  readonly log: Log;
  readonly installationId: string;
  readonly arch: string;
  /** The host's own id: its containers are no instance's. */
  readonly hostId: string;
  /** The VPC of an interface, once it stands here. */
  readonly vpcOf: (interfaceId: string) => string | undefined;
  readonly startAgent: (parts: InstanceParts) => InstanceAgent;
  readonly report: (report: InstanceReport) => void;
}

interface Lane {
  spec: InstanceSpec;
  /** Set while there is something to do that nobody does yet. */
  due: boolean;
  work: Promise<void> | undefined;
  retryMs: number;
  cancelRetry: () => void;
  agent: InstanceAgent | undefined;
  /** The network inside, while it runs. */
  inner: InnerNetwork | undefined;
  /** What was last told of it. */
  told: InstanceReport['state'] | undefined;
}

const firstRetryMs = 200;
const longestRetryMs = 10_000;
/** How often to look whether an instance's inside is what it was: as often as the networks around it are looked at. */
const verifyMs = 30_000;

/**
 * Brings the instances of this machine to what they were last told: a container that holds the network namespace, its interface, the
 * bridge inside, and an agent of its own. One thing at a time for each; what fails is tried again.
 */
export class Instances {
  readonly #deps: InstancesDeps;
  readonly #lanes = new Map<string, Lane>();
  readonly #unfollow: () => void;
  #cancelLook: () => void;
  #closed = false;

  constructor(deps: InstancesDeps) {
    this.#deps = deps;
    this.#unfollow = deps.docker.events(
      labels.instance,
      ({ action, labels: own }) => {
        if (action === 'die' || action === 'destroy') this.#wake(own[labels.instance] ?? '');
      },
      () => {
        for (const id of this.#lanes.keys()) this.#wake(id);
      },
    );
    this.#cancelLook = deps.clock.after(verifyMs, () => void this.#look());
  }

  /** The tasks of all instances, with the address under which those without an interface of their own are seen. */
  tasks(): TaskView[] {
    return [...this.#lanes.values()].flatMap(({ agent, spec }) => {
      const vpcId = this.#deps.vpcOf(spec.interfaceId);
      const seenFrom =
        vpcId === undefined ? undefined : { vpcId, address: spec.privateIp, interfaceId: spec.interfaceId };
      return (agent?.tasks ?? []).map((task) =>
        task.payload.networkMode === 'awsvpc' || seenFrom === undefined ? task : { ...task, seenFrom },
      );
    });
  }

  /** The metadata service of the instance that speaks from an address: itself, or by a task with an interface of its own. */
  metadataOf(asker: Asker): InstanceMetadataSpec | undefined {
    for (const { agent, spec } of this.#lanes.values()) {
      const itself = spec.privateIp === asker.address && this.#deps.vpcOf(spec.interfaceId) === asker.vpcId;
      if (itself) return spec.metadata;
      if (spec.metadata.answersTasks && tasksOf(agent?.tasks ?? [], asker).length > 0) return spec.metadata;
    }
    return undefined;
  }

  /** Takes the wanted state of an instance. */
  apply(spec: InstanceSpec): void {
    const lane = this.#lanes.get(spec.instanceId) ?? {
      spec,
      due: false,
      work: undefined,
      retryMs: firstRetryMs,
      cancelRetry: () => {},
      agent: undefined,
      inner: undefined,
      told: undefined,
    };
    lane.spec = spec;
    this.#lanes.set(spec.instanceId, lane);
    this.#wake(spec.instanceId);
  }

  /** To be called when VPCs changed. */
  networkChanged(): void {
    for (const [id, lane] of this.#lanes) {
      lane.agent?.networkChanged();
      if (lane.told !== 'running' && lane.spec.desired === 'running') this.#wake(id);
    }
  }

  /** Removes every instance of this installation that is not among `ids`, with all that runs on it. */
  async keepOnly(ids: readonly string[]): Promise<void> {
    const { docker, installationId, hostId, cgroups, log } = this.#deps;
    const keep = new Set(ids);
    for (const [id, lane] of this.#lanes) {
      if (keep.has(id)) continue;
      this.#lanes.delete(id);
      lane.cancelRetry();
      await lane.work;
      await lane.agent?.stop();
    }
    try {
      const all = await docker.list([`${labels.installation}=${installationId}`]);
      const stray = all.filter(({ labels: own }) => {
        const owner = own[labels.instance] ?? own[labels.machine] ?? hostId;
        return owner !== hostId && !keep.has(owner);
      });
      await removeContainers(docker, installationId, stray);
      for (const owner of new Set(stray.map(({ labels: own }) => own[labels.instance]))) {
        if (owner !== undefined) await cgroups.remove([owner]);
      }
    } catch (error) {
      log.warn('what is left of instances was not removed', { error: messageOf(error) });
    }
  }

  /** Resolves once nothing that was wanted by now is under way. */
  async settled(): Promise<void> {
    await Promise.all([...this.#lanes.values()].map(({ work }) => work ?? Promise.resolve()));
  }

  /** Ends all activity; instances run on. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#unfollow();
    this.#cancelLook();
    for (const lane of this.#lanes.values()) lane.cancelRetry();
    await this.settled();
    await Promise.all([...this.#lanes.values()].map(({ agent }) => agent?.stop() ?? Promise.resolve()));
  }

  /** Mends what somebody took away inside of instances. Containers and their programs are left alone. */
  async #look(): Promise<void> {
    const { clock, log } = this.#deps;
    for (const [instance, { inner }] of this.#lanes) {
      try {
        if ((await inner?.verify()) === true)
          log.warn("an instance's inner network was changed and is mended", { instance });
      } catch (error) {
        log.warn("an instance's inner network could not be looked at", { instance, error: messageOf(error) });
      }
    }
    if (!this.#closed) this.#cancelLook = clock.after(verifyMs, () => void this.#look());
  }

  #wake(id: string): void {
    const lane = this.#lanes.get(id);
    if (lane === undefined || this.#closed) return;
    lane.due = true;
    lane.cancelRetry();
    lane.work ??= this.#run(lane).finally(() => (lane.work = undefined));
  }

  async #run(lane: Lane): Promise<void> {
    const { clock, log, report } = this.#deps;
    while (lane.due && !this.#closed) {
      lane.due = false;
      const { spec } = lane;
      const { instanceId, boot } = spec;
      try {
        const state = await this.#reach(lane, spec);
        lane.retryMs = firstRetryMs;
        lane.told = state;
        if (state !== undefined) report({ instanceId, state, boot });
      } catch (error) {
        log.warn('an instance is not as wanted yet', { instance: instanceId, error: messageOf(error) });
        if (error instanceof DriverError && error.kind === 'fatal') {
          report({ instanceId, state: 'failed', boot, error: messageOf(error) });
          continue;
        }
        lane.cancelRetry = clock.after(lane.retryMs, () => this.#wake(instanceId));
        lane.retryMs = Math.min(longestRetryMs, lane.retryMs * 2);
      }
    }
  }

  /** Brings an instance to what `spec` says; answers what it is then, `undefined` while it waits for its VPC. */
  async #reach(lane: Lane, spec: InstanceSpec): Promise<InstanceReport['state'] | undefined> {
    const { docker, network, cgroups, installationId, vpcOf } = this.#deps;
    const { instanceId } = spec;
    const found = await this.#find(instanceId);
    if (spec.desired === 'running') return this.#boot(lane, spec, found);
    lane.inner = undefined;
    await lane.agent?.stop();
    lane.agent = undefined;
    const machine = `${labels.machine}=${instanceId}`;
    await haltContainers(docker, await docker.list([machine]));
    const vpcId = vpcOf(spec.interfaceId);
    if (vpcId !== undefined) await network.detach(vpcId, spec.interfaceId);
    if (found !== undefined) await docker.remove(found.id);
    if (spec.desired === 'stopped') return 'stopped';
    await removeContainers(docker, installationId, await docker.list([machine]));
    await cgroups.remove([instanceId]);
    return 'terminated';
  }

  async #boot(lane: Lane, spec: InstanceSpec, found: ContainerState | undefined): Promise<'running' | undefined> {
    const { docker, network, cgroups, vpcOf, installationId, arch, startAgent } = this.#deps;
    const { instanceId } = spec;
    const vpcId = vpcOf(spec.interfaceId);
    // Its VPC's coming wakes us.
    if (vpcId === undefined) return undefined;
    const { cpus, memoryMiB } = spec;
    const cgroupParent = await cgroups.ensure([instanceId], { cpus, memoryMiB, swap: true });
    const up = found?.status === 'running' && bootOf(found) === spec.boot;
    if (!up) {
      // It boots: what ran before is over, and its agent finds it so.
      lane.inner = undefined;
      await lane.agent?.stop();
      lane.agent = undefined;
      await haltContainers(docker, await docker.list([`${labels.machine}=${instanceId}`]));
      if (found !== undefined) await docker.remove(found.id);
    }
    const sandbox = await instanceSandbox({ docker, installationId, arch }, spec, cgroupParent);
    await network.attach(vpcId, spec.interfaceId, sandbox.pid);
    await network.openInstance(sandbox.pid);
    lane.inner ??= new InnerNetwork(network, sandbox);
    if (spec.agent !== undefined && lane.agent === undefined && !this.#closed) {
      lane.agent = startAgent({ spec, inner: lane.inner, cgroupParent });
    }
    return 'running';
  }

  async #find(instanceId: string): Promise<ContainerState | undefined> {
    const { docker, installationId } = this.#deps;
    return (await docker.list([`${labels.installation}=${installationId}`, `${labels.instance}=${instanceId}`]))[0];
  }
}
