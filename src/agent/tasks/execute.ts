import type { Clock } from '../../base/clock.ts';
import { DriverError, messageOf } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import type { DockerDriver, RegistryAuth } from '../../drivers/docker/driver.ts';
import type { NetworkDriver } from '../../drivers/network/driver.ts';
import type { PayloadContainer, PayloadTask, RegistryAuthentication } from '../../wire/acs.ts';
import type { AwsClient } from '../aws/client.ts';
import { fetchFor } from '../fetch/fetch.ts';
import { routerOf } from '../firelens/firelens.ts';
import { makeRouterVolumes, writeRouterConfig } from '../firelens/router-files.ts';
import { awslogsProblem } from '../logs/options.ts';
import type { InnerNetwork } from '../instances/inner-network.ts';
import type { LogShipper } from '../logs/shipper.ts';
import { ensurePauseImage } from '../pause/image.ts';
import type { Sandboxes } from '../sandboxes/sandboxes.ts';
import { bridgeAddress, createSandbox, needInner, releaseSandboxes } from './bridge.ts';
import { appSpec, awslogsOptions, logTargetOf, pauseSpec, taskVolumes } from './container-spec.ts';
import type { TaskStorage } from '../storage/storage.ts';
import { sharesLimit, type TaskGroups } from './group.ts';
import type { Images } from './images.ts';
import { failureReason, withContainer, withRestart, withState } from './observe.ts';
import type { TaskStep } from './plan.ts';
import { restartName } from './restart-name.ts';
import { makeVolumes, VolumeError } from './volumes.ts';
import { hasPause, type ContainerView, type TaskView } from './view.ts';

/** What steps are done with. */
/** `ECS_CONTAINER_STOP_TIMEOUT`'s default, seconds ("Amazon ECS container agent configuration"). */
const defaultStopSeconds = 30;

export interface ExecuteDeps {
  /** What containers have to end that name no time of their own; 30 seconds unless given. */
  readonly stopTimeoutSeconds?: number;
  readonly docker: DockerDriver;
  readonly network: NetworkDriver;
  readonly logs: LogShipper;
  readonly clock: Clock;
  readonly installationId: string;
  /** The machine's architecture, as Node names it: the pause program's. */
  readonly arch: string;
  /** Pause containers made ahead. */
  readonly sandboxes: Pick<Sandboxes, 'claim'>;
  /** The credentials with which an image is pulled from ECR on behalf of a task. */
  readonly registryAuth: (
    authentication: Extract<RegistryAuthentication, { readonly type: 'ecr' }>,
    task: PayloadTask,
  ) => Promise<RegistryAuth>;
  readonly images: Images;
  /** What bounds the layers of a task's containers. */
  readonly storage: Pick<TaskStorage, 'layerBound'>;
  /** What holds the containers of a task to its size. */
  readonly groups: TaskGroups;
  /** The network inside the instance that this agent is of; absent on a machine that is none. */
  readonly inner?: InnerNetwork;
  /** Calls the AWS APIs, in the name of a task's roles. */
  readonly aws: AwsClient;
}

/** What a step changed, to be applied to whatever the task looks like by then. */
export type TaskUpdate = (task: TaskView) => TaskView;

/**
 * Does one step. A failure that trying again cannot mend is part of the answer; others are thrown, and the step, which is
 * safe to repeat, is to be done again later. `note` takes what is to be known before the step is done.
 */
export async function executeStep(
  step: TaskStep,
  task: TaskView,
  deps: ExecuteDeps,
  signal: AbortSignal,
  note: (update: TaskUpdate) => void,
): Promise<TaskUpdate> {
  const { docker, network, clock, installationId } = deps;
  const { payload } = task;
  const named = (name: string): ContainerView => {
    const found = task.containers.find(({ spec }) => spec.name === name);
    if (found === undefined) throw new Error(`The task has no container ${name}`);
    return found;
  };
  switch (step.kind) {
    case 'create-group': {
      const group = await deps.groups.ensure(payload);
      return (now) => ({ ...now, group });
    }
    case 'create-pause': {
      const ready = deps.sandboxes.claim(payload);
      if (ready !== undefined) {
        return (now) => ({ ...now, pause: { phase: 'running', ...ready, startedAt: clock.now() } });
      }
      try {
        const id = await createPause(task, deps);
        return (now) => ({ ...now, pause: { ...now.pause, phase: later(now.pause.phase), id } });
      } catch (error) {
        return brokenTask(error, 'create the pause container');
      }
    }
    case 'start-pause': {
      const id = task.pause.id ?? '';
      try {
        await docker.start(id);
        const state = await docker.inspect(id);
        return (now) => withState(now, state);
      } catch (error) {
        return brokenTask(error, 'start the pause container');
      }
    }
    case 'attach': {
      const eni = payload.elasticNetworkInterfaces[0];
      try {
        await network.attach(step.vpcId, eni?.ec2Id ?? '', task.pause.pid);
        return (now) => ({ ...now, attached: true });
      } catch (error) {
        if (!isGone(error)) return brokenTask(error, 'configure ENI');
        // Either the network is not there, or the pause container died without a word: of that the engine knows.
        const died = await pauseHasDied(task, docker);
        return died
          ? (now) => ({ ...now, pause: { ...now.pause, phase: 'exited', pid: 0 } })
          : brokenTask(error, 'configure ENI');
      }
    }
    case 'create-sandbox': {
      try {
        const bridge = await createSandbox(payload, named(step.container).spec, deps);
        return (now) => withContainer(now, step.container, (container) => ({ bridge, ...container }));
      } catch (error) {
        return failedUnlessRetryable(error, step.container, 'create');
      }
    }
    case 'start-sandbox': {
      const id = named(step.container).bridge?.pause.id ?? '';
      try {
        await docker.start(id);
        const state = await docker.inspect(id);
        return (now) => withState(now, state);
      } catch (error) {
        return failedUnlessRetryable(error, step.container, 'start');
      }
    }
    case 'plug': {
      const { bridge } = named(step.container);
      try {
        if (bridge !== undefined) await needInner(deps).plug(bridge.lease, bridge.pause.pid);
        return (now) =>
          withContainer(now, step.container, (container) =>
            container.bridge === undefined
              ? container
              : { ...container, bridge: { ...container.bridge, plugged: true } },
          );
      } catch (error) {
        return failedUnlessRetryable(error, step.container, 'start');
      }
    }
    case 'fetch':
      try {
        const fetched = await fetchFor(payload, deps.aws, signal);
        return (now) => ({ ...now, fetched });
      } catch (error) {
        if (signal.aborted) throw error;
        return (now) => ({ ...now, failure: now.failure ?? messageOf(error) });
      }
    case 'pull':
      return pull(task, named(step.container), deps, signal, note);
    case 'open-log': {
      const { spec, id = '' } = named(step.container);
      const target = logTargetOf(payload, spec, id);
      try {
        if (target !== undefined) await deps.logs.open(id, target);
        return (now) => withContainer(now, step.container, (container) => ({ ...container, logsReady: true }));
      } catch (error) {
        return failed(step.container, logFailure(payload, messageOf(error)));
      }
    }
    case 'create': {
      const { spec } = named(step.container);
      const problem = awslogsProblemOf(spec);
      if (problem !== undefined) return failed(step.container, failureReason('create', problem));
      try {
        const pauseId = hasPause(task) ? task.pause.id : undefined;
        const networkId = networkOf(task, step.container, deps);
        await makeVolumes(docker, installationId, payload, spec);
        const socketDirectory = await makeRouterVolumes(docker, installationId, payload, spec);
        const { fetched, group: cgroupParent } = task;
        const id = await docker.create(
          appSpec(installationId, payload, spec, {
            storageOpt: await deps.storage.layerBound(payload),
            pauseId,
            cgroupParent,
            networkId,
            fetched,
            socketDirectory,
            idOf: (name) => named(name).id ?? '',
            routerAddress: bridgeAddress(payload, routerOf(payload)?.container, deps),
          }),
        );
        await writeRouterConfig(docker, id, payload, spec, fetched?.[spec.name]?.routerFile);
        return (now) =>
          withContainer(now, step.container, (container) =>
            container.phase === 'none' ? { ...container, phase: 'created', id } : container,
          );
      } catch (error) {
        if (error instanceof VolumeError) return (now) => ({ ...now, failure: now.failure ?? error.message });
        return failedUnlessRetryable(error, step.container, 'create');
      }
    }
    case 'start': {
      const { id = '', spec } = named(step.container);
      try {
        // Again: whoever made it may have been killed before this was done.
        await writeRouterConfig(docker, id, payload, spec, task.fetched?.[spec.name]?.routerFile);
        await docker.start(id);
        const startedAt = clock.now();
        // It may have ended, and that be known, before the engine answered.
        return (now) =>
          withContainer(now, step.container, (container) =>
            container.phase === 'created' ? { ...container, phase: 'running', startedAt } : container,
          );
      } catch (error) {
        return failedUnlessRetryable(error, step.container, 'start');
      }
    }
    case 'restart': {
      const { id = '' } = named(step.container);
      try {
        const ended = await docker.inspect(id);
        const name = restartName(ended);
        // It may run already: the answer to an earlier attempt was lost.
        if (ended.finishedAt !== undefined && name !== ended.name) await docker.rename(id, name);
        await docker.start(id);
        const state = await docker.inspect(id);
        return (now) => withState(withRestart(now, state), state);
      } catch (error) {
        if (!(error instanceof DriverError) || error.kind === 'retryable') throw error;
        // Its end is what it was: nothing of the attempt shows but that it was in vain.
        return (now) =>
          withContainer(now, step.container, (container) => ({ ...container, restartFailed: true as const }));
      }
    }
    case 'stop': {
      const { id = '', spec } = named(step.container);
      try {
        await docker.stop(id, spec.stopTimeout ?? deps.stopTimeoutSeconds ?? defaultStopSeconds);
        const state = await docker.inspect(id);
        const oomKilled = state.oomKilled && !sharesLimit(payload);
        return (now) => withState(now, { ...state, oomKilled });
      } catch (error) {
        if (!isGone(error)) throw error;
        return (now) =>
          withContainer(now, step.container, (container) =>
            container.phase === 'exited' ? container : { ...container, phase: 'exited', finishedAt: clock.now() },
          );
      }
    }
    case 'fail':
      return step.container === undefined
        ? (now) => ({ ...now, failure: now.failure ?? step.reason })
        : failed(step.container, step.reason, step.exitCode);
    case 'conclude':
      return (now) => ({ ...now, stoppedAt: clock.now() });
    case 'release-network': {
      const eni = payload.elasticNetworkInterfaces[0];
      if (task.attached && task.vpcId !== undefined && eni !== undefined) {
        await network.detach(task.vpcId, eni.ec2Id);
      }
      if (task.pause.id !== undefined) await docker.remove(task.pause.id);
      await releaseSandboxes(task, deps);
      return (now) => ({
        ...now,
        attached: false,
        pause: { phase: 'none', pid: 0 },
        containers: now.containers.map(({ bridge: _gone, ...container }) => container),
      });
    }
    case 'remove': {
      for (const { id } of task.containers) {
        if (id === undefined) continue;
        deps.logs.forget(id);
        await docker.remove(id);
      }
      for (const volume of taskVolumes(installationId, payload)) await docker.removeVolume(volume);
      await deps.groups.remove(payload);
      return (now) => ({ ...now, removed: true });
    }
    default:
      return step satisfies never;
  }
}

/** The container whose network a container joins: its task's, its own pause container's, or the instance's; none in mode `none`. */
function networkOf(task: TaskView, container: string, deps: ExecuteDeps): string | undefined {
  switch (task.payload.networkMode) {
    case 'awsvpc':
      return task.pause.id;
    case 'bridge':
      return task.containers.find(({ spec }) => spec.name === container)?.bridge?.pause.id;
    case 'host':
      return deps.inner?.sandbox.containerId;
    case 'none':
      return undefined;
    default:
      return task.payload.networkMode satisfies never;
  }
}

async function createPause(task: TaskView, deps: ExecuteDeps): Promise<string> {
  const spec = pauseSpec(deps.installationId, task.payload);
  try {
    return await deps.docker.create(spec);
  } catch (error) {
    if (!isGone(error)) throw error;
    // The image was never made on this engine, or somebody cleaned up.
    await ensurePauseImage(deps.docker, deps.arch);
    return deps.docker.create(spec);
  }
}

/** Sees to a container's image. The times are those of asking a registry, successfully or not. */
async function pull(
  task: TaskView,
  container: ContainerView,
  deps: ExecuteDeps,
  signal: AbortSignal,
  note: (update: TaskUpdate) => void,
): Promise<TaskUpdate> {
  const { spec } = container;
  const { name, registryAuthentication: authentication } = spec;
  const auth = (): Promise<RegistryAuth> | RegistryAuth | undefined =>
    authentication?.type === 'ecr'
      ? deps.registryAuth(authentication, task.payload)
      : task.fetched?.[name]?.registryAuth;
  let asked = false;
  const began = (): void => {
    asked = true;
    const pullStartedAt = deps.clock.now();
    note((now) => (now.pullStartedAt === undefined ? { ...now, pullStartedAt } : now));
  };
  const over = (now: TaskView): TaskView => (asked ? { ...now, pullStoppedAt: deps.clock.now() } : now);
  try {
    const imageDigest = await deps.images.obtain(spec, task.payload.launchType, { signal, auth, onPull: began });
    return (now) =>
      withContainer(over(now), name, (view) => ({ ...view, pulled: true, ...given('imageDigest', imageDigest) }));
  } catch (error) {
    if (!(error instanceof DriverError) || error.kind === 'retryable') throw error;
    return (now) => pullFailed(name, error)(over(now));
  }
}

/** What follows from an image that cannot be had: a task ends with it, essential container or not. */
export function pullFailed(name: string, error: unknown): TaskUpdate {
  const reason = failureReason('pull', error);
  return (now) => ({ ...failed(name, reason)(now), failure: now.failure ?? reason });
}

function awslogsProblemOf(container: PayloadContainer): Error | undefined {
  const options = awslogsOptions(container);
  const problem = options === undefined ? undefined : awslogsProblem(options);
  return problem === undefined ? undefined : new Error(`Error response from daemon: ${problem}`);
}

/** "ResourceInitializationError: failed to validate logger args" and "CannotStartContainerError", ECS Developer Guide. */
function logFailure(task: PayloadTask, message: string): string {
  const cause = `failed to create Cloudwatch log stream: ${message}`;
  return task.launchType === 'FARGATE'
    ? `ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: ${cause} : exit status 1`
    : `CannotStartContainerError: Error response from daemon: failed to initialize logging driver: ${cause}`;
}

function later(phase: TaskView['pause']['phase']): TaskView['pause']['phase'] {
  return phase === 'none' ? 'created' : phase;
}

function failed(name: string, reason: string, exitCode?: number): TaskUpdate {
  return (now) =>
    withContainer(now, name, (container) =>
      container.phase === 'exited'
        ? container
        : {
            ...container,
            failed: true,
            reason: container.reason ?? reason,
            ...(exitCode === undefined ? {} : { exitCode }),
          },
    );
}

function failedUnlessRetryable(error: unknown, name: string, step: 'create' | 'start'): TaskUpdate {
  if (error instanceof DriverError && error.kind !== 'retryable') return failed(name, failureReason(step, error));
  throw error;
}

function brokenTask(error: unknown, what: string): TaskUpdate {
  if (!(error instanceof DriverError) || error.kind === 'retryable') throw error;
  const failure = `ResourceInitializationError: failed to ${what}: ${error.message}`;
  return (now) => ({ ...now, failure: now.failure ?? failure });
}

/** Throws where the engine does not answer. */
async function pauseHasDied({ pause }: TaskView, docker: DockerDriver): Promise<boolean> {
  if (pause.id === undefined) return true;
  try {
    return (await docker.inspect(pause.id)).status !== 'running';
  } catch (error) {
    if (isGone(error)) return true;
    throw error;
  }
}

function isGone(error: unknown): boolean {
  return error instanceof DriverError && error.kind === 'gone';
}
