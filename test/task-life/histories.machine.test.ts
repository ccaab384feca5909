import { statfsSync } from 'node:fs';
import {
  StopTaskCommand,
  UpdateServiceCommand,
  type ContainerDefinition,
  type RegisterTaskDefinitionCommandInput,
  type Task,
} from '@aws-sdk/client-ecs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { must } from '../support/clients.ts';
import { startBadRegistries, type BadRegistries } from './registries.ts';
import { TaskWorld } from './world.ts';

/** One history: what is run, what happens to it, and everything that users see of it. */
interface Row {
  readonly containers: () => readonly Partial<ContainerDefinition>[];
  /** What the definition has beside its containers. */
  readonly more?: Partial<RegisterTaskDefinitionCommandInput>;
  /** Run as the one task of a service. */
  readonly service?: true;
  /** Placed in a subnet whose addresses are all taken. */
  readonly fullSubnet?: true;
  /** What happens to it; without that it ends by itself. */
  readonly act?: (arn: string) => Promise<unknown>;
  /** Every state that was committed, in order; `*` once it was wanted STOPPED. */
  readonly states: string;
  readonly stop: readonly [code: string, reason: string | RegExp];
  /** By container: its exit code and its reason. */
  readonly ends: Readonly<Record<string, readonly [exitCode?: number | undefined, reason?: string | RegExp]>>;
  /** Those of the times of a task's life that it does not have. */
  readonly lacks?: readonly (typeof times)[number][];
  readonly health?: Task['healthStatus'];
  /** Whatever else is to be seen. */
  readonly check?: (arn: string) => Promise<void>;
}

/** The times of a task's life in their order. */
const times = [
  'createdAt',
  'connectivityAt',
  'pullStartedAt',
  'pullStoppedAt',
  'startedAt',
  'stoppingAt',
  'stoppedAt',
  'executionStoppedAt',
] as const;

let world: TaskWorld;
let bad: BadRegistries;

/** Resolves once it runs, and every program of it takes signals. */
const running = async (arn: string): Promise<void> => {
  await world.until('it runs', arn, (row) => row.lastStatus === 'RUNNING');
  await world.ready(arn);
};
const ended = (arn: string, name: string): Promise<true> =>
  world.until(`${name} is over`, arn, (row) =>
    row.containers.some((container) => container.name === name && container.lastStatus === 'STOPPED'),
  );
const stop = async (arn: string, reason?: string): Promise<void> => {
  await world.ecs.send(
    new StopTaskCommand({ cluster: 'life', task: arn, ...(reason === undefined ? {} : { reason }) }),
  );
};
const stopOnceRunning = async (arn: string): Promise<void> => {
  await running(arn);
  await stop(arn);
};

const trapped = "trap 'exit 0' TERM; echo ready; sleep 1000 & wait";
/** Exits with 1 when it is told to: the other container runs by then. */
const told = "trap 'exit 1' USR1; echo ready; sleep 1000 & wait";
const tellApp = async (arn: string): Promise<void> => {
  await running(arn);
  await must('docker', ['kill', '--signal', 'USR1', world.containerId(arn, 'app')]);
};
/** Whether the machine can spare more than a task may have. */
function hasRoom(): boolean {
  const { bavail, bsize } = statfsSync('/var/lib');
  return bavail * bsize > 40 * 2 ** 30;
}
const after = (
  containerName: string,
  condition: 'START' | 'COMPLETE' | 'SUCCESS' | 'HEALTHY',
): Pick<ContainerDefinition, 'dependsOn'> => ({ dependsOn: [{ containerName, condition }] });
const sick = (interval: number): Pick<ContainerDefinition, 'healthCheck'> => ({
  healthCheck: { command: ['CMD-SHELL', 'exit 1'], interval, retries: 1 },
});

/** It ran, and ended as a whole. */
const ranAlone = 'PROVISIONING PENDING RUNNING RUNNING* DEPROVISIONING* STOPPED*';
/** It ran, and had to be stopped, or something of it. */
const ranAndStopped = 'PROVISIONING PENDING RUNNING RUNNING* STOPPING* DEPROVISIONING* STOPPED*';
/** Nothing of it ran any more when it was given up. */
const neverRan = 'PROVISIONING PENDING PENDING* DEPROVISIONING* STOPPED*';
const neverRanButStopped = 'PROVISIONING PENDING PENDING* STOPPING* DEPROVISIONING* STOPPED*';

const exited = ['EssentialContainerExited', 'Essential container in task exited'] as const;
const byUser = ['UserInitiated', 'Task stopped by user'] as const;

/** A failure of which the task and the container that is at fault tell the same. */
function failed(reason: string | RegExp): Pick<Row, 'states' | 'stop' | 'ends' | 'lacks'> {
  return {
    states: neverRan,
    stop: ['TaskFailedToStart', reason],
    ends: { app: [undefined, reason] },
    lacks: ['startedAt'],
  };
}

const pull = 'CannotPullContainerError: ';
const hint = 'The task can’t pull the image. ';
const daemon = 'Error response from daemon: ';
const notThere = /^CannotStartContainerError: .*"\/bin\/nothing": stat \/bin\/nothing: no such file or directory/;
const graph = 'CannotStartContainerError: dependency graph: ';

const rows: Record<string, Row> = {
  'its essential container exits with 0': {
    containers: () => [{ command: ['sleep 0.5'] }],
    states: ranAlone,
    stop: exited,
    ends: { app: [0] },
  },
  'its essential container exits with 3': {
    containers: () => [{ command: ['sleep 0.5; exit 3'] }],
    states: ranAlone,
    stop: exited,
    ends: { app: [3] },
  },
  'its essential container exits at once': {
    containers: () => [{ command: ['exit 0'] }],
    states: ranAlone,
    stop: exited,
    ends: { app: [0] },
  },
  'its essential container dies of a signal': {
    containers: () => [{ command: ["sh -c 'kill -SEGV $$'; exit $?"] }],
    states: ranAlone,
    stop: exited,
    ends: { app: [139] },
  },
  'one of two essential containers exits': {
    containers: () => [
      { name: 'app', command: [told] },
      { name: 'side', command: [trapped] },
    ],
    act: tellApp,
    states: ranAndStopped,
    stop: exited,
    ends: { app: [1], side: [0] },
  },
  'the essential container exits while another runs': {
    containers: () => [
      { name: 'app', command: [told] },
      { name: 'side', command: [trapped], essential: false },
    ],
    act: tellApp,
    states: ranAndStopped,
    stop: exited,
    ends: { app: [1], side: [0] },
  },
  'a container that is not essential exits, and the task goes on': {
    containers: () => [
      { name: 'app', command: [trapped] },
      { name: 'side', command: ['exit 9'], essential: false },
    ],
    act: async (arn) => {
      await running(arn);
      await ended(arn, 'side');
      await stop(arn, 'enough');
    },
    states: ranAndStopped,
    stop: ['UserInitiated', 'enough'],
    ends: { app: [0], side: [9] },
  },
  'its memory runs out': {
    containers: () => [{ command: ['tail /dev/zero'], memory: 16 }],
    states: ranAlone,
    stop: exited,
    ends: { app: [137, 'OutOfMemoryError: Container killed due to memory usage'] },
  },
  'its containers together use more memory than it has': {
    containers: () => [
      {
        name: 'side',
        essential: false,
        command: ["trap 'exit 0' TERM; echo ready; (head -c 200m /dev/zero; sleep 1000) | tail > /dev/null & wait"],
      },
      // Alone it would end well: it stays below what each of them may have.
      { command: ['(head -c 380m /dev/zero; sleep 5) | tail > /dev/null'], ...after('side', 'START') },
    ],
    states: ranAndStopped,
    stop: exited,
    // The larger one is killed.
    ends: { app: [137, 'OutOfMemoryError: Container killed due to memory usage'], side: [0] },
  },
  'somebody kills its container': {
    containers: () => [{ command: [trapped] }],
    act: async (arn) => {
      await running(arn);
      await must('docker', ['kill', world.containerId(arn)]);
    },
    states: ranAlone,
    stop: exited,
    ends: { app: [137] },
  },
  'somebody removes its container': {
    containers: () => [{ command: [trapped] }],
    act: async (arn) => {
      await running(arn);
      await must('docker', ['rm', '--force', world.containerId(arn)]);
    },
    states: ranAlone,
    stop: exited,
    ends: { app: [137] },
  },
  'it has a restart policy, and lived too short for it': {
    containers: () => [{ command: ['exit 1'], restartPolicy: { enabled: true, restartAttemptPeriod: 60 } }],
    states: ranAlone,
    stop: exited,
    ends: { app: [1] },
  },
  'its repository does not exist': {
    containers: () => [{ image: `127.0.0.1:${world.installation.port}/none:1` }],
    ...failed(/^CannotPullContainerError: .*The repository with name 'none' does not exist in the registry with id/),
  },
  'its registry denies': {
    containers: () => [{ image: bad.denied }],
    ...failed(
      /^CannotPullContainerError: The task can’t pull the image. Check whether the image exists. .*pull access denied for .*denied: requested access to the resource is denied$/,
    ),
  },
  'its role may not pull': {
    containers: () => [{ image: bad.forbidden }],
    ...failed(
      new RegExp(`^${pull}${hint}Check that the role has the permissions to pull images from the registry. .*BatchGet`),
    ),
  },
  'its registry wants a login': {
    containers: () => [{ image: bad.locked }],
    ...failed(/^CannotPullContainerError: .*: no basic auth credentials$/),
  },
  'its registry is not there': {
    containers: () => [{ image: bad.closed }],
    ...failed(/^CannotPullContainerError: .*dial tcp 127.0.0.1:\d+: connect: connection refused$/),
  },
  'its registry is overrun': {
    containers: () => [{ image: bad.busy }],
    ...failed(`${pull}${daemon}toomanyrequests: You have reached your pull rate limit.`),
  },
  'its tag does not exist': {
    containers: () => [{ image: bad.unknown }],
    ...failed(/^CannotPullContainerError: .*manifest for 127.0.0.1:\d+\/unknown:1 not found: manifest unknown/),
  },
  'its image is for other machines': {
    containers: () => [{ image: bad.foreign }],
    ...failed(/^CannotPullContainerError: no matching manifest for linux\/\w+/),
  },
  'an image cannot be pulled, though its container is not essential': {
    containers: () => [
      // It waits, since alone it might run before the registry has answered.
      { name: 'app', command: [trapped], ...after('side', 'START') },
      { name: 'side', image: bad.unknown, essential: false },
    ],
    ...failed(/^CannotPullContainerError: .*manifest unknown/),
    ends: { app: [], side: [undefined, /^CannotPullContainerError: .*manifest unknown/] },
  },
  'it is stopped while its image is pulled': {
    containers: () => [{ image: bad.silent }],
    act: async (arn) => {
      await bad.silentAsked;
      await stop(arn, 'not wanted any more');
    },
    states: neverRanButStopped,
    stop: ['UserInitiated', 'not wanted any more'],
    ends: { app: [] },
    lacks: ['pullStoppedAt', 'startedAt'],
  },
  'its command does not exist': {
    containers: () => [{ entryPoint: ['/bin/nothing'] }],
    ...failed(notThere),
  },
  'its working directory is a file': {
    containers: () => [{ command: ['true'], workingDirectory: '/bin/sh' }],
    ...failed(`CannotCreateContainerError: ${daemon}Cannot mkdir: /bin/sh is not a directory`),
  },
  'its user does not exist': {
    containers: () => [{ command: ['true'], user: 'nobody' }],
    ...failed(`CannotStartContainerError: ${daemon}unable to find user nobody: no matching entries in passwd file`),
  },
  'its mount path is none': {
    containers: () => [{ command: ['true'], mountPoints: [{ sourceVolume: 'v', containerPath: 'relative' }] }],
    more: { volumes: [{ name: 'v' }] },
    ...failed(/^CannotCreateContainerError: .*invalid mount path: 'relative' mount path must be absolute$/),
  },
  'a container that is not essential cannot start, and the task goes on': {
    containers: () => [
      { name: 'app', command: [trapped] },
      { name: 'side', entryPoint: ['/bin/nothing'], essential: false },
    ],
    act: async (arn) => {
      await running(arn);
      await ended(arn, 'side');
      await stop(arn);
    },
    states: ranAndStopped,
    stop: byUser,
    ends: { app: [0], side: [undefined, notThere] },
  },
  'its log group does not exist': {
    containers: () => [
      {
        command: ['true'],
        logConfiguration: {
          logDriver: 'awslogs',
          options: { 'awslogs-group': '/none', 'awslogs-region': 'us-east-1', 'awslogs-stream-prefix': 'x' },
        },
      },
    ],
    ...failed(
      'ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. : exit status 1',
    ),
  },
  'a dependency exits with another code than 0': {
    containers: () => [
      { name: 'init', command: ['exit 4'], essential: false },
      { name: 'app', command: [trapped], ...after('init', 'SUCCESS') },
    ],
    states: neverRan,
    stop: ['TaskFailedToStart', /^CannotStartContainerError: dependency graph: .* did not exit successfully\.$/],
    ends: {
      init: [4],
      app: [
        143,
        /^CannotStartContainerError: dependency graph: failed to resolve container ordering dependency \[init\(.*\) \(STOPPED->RUNNING\) - Exit: 4\] for target \[app\(.*\) \(CREATED->RUNNING\)\] as dependency did not exit successfully\.$/,
      ],
    },
    lacks: ['startedAt'],
  },
  'a dependency cannot start': {
    containers: () => [
      { name: 'init', entryPoint: ['/bin/nothing'], essential: false },
      { name: 'app', command: [trapped], ...after('init', 'START') },
    ],
    states: neverRan,
    stop: ['TaskFailedToStart', notThere],
    ends: { init: [undefined, notThere], app: [143, new RegExp(`^${graph}.* because dependency will never start$`)] },
    lacks: ['startedAt'],
  },
  'a dependency is not healthy in time': {
    containers: () => [
      { name: 'base', command: [trapped], essential: false, startTimeout: 8, ...sick(300) },
      { name: 'app', command: [trapped], ...after('base', 'HEALTHY') },
    ],
    states: neverRanButStopped,
    stop: ['TaskFailedToStart', new RegExp(`^${graph}.* has timed out\\.$`)],
    ends: { base: [0], app: [143, new RegExp(`^${graph}.* has timed out\\.$`)] },
    lacks: ['startedAt'],
  },
  'a dependency ends before it is healthy': {
    containers: () => [
      { name: 'base', command: ['sleep 0.5'], essential: false, ...sick(300) },
      { name: 'app', command: [trapped], ...after('base', 'HEALTHY') },
    ],
    states: neverRan,
    stop: ['TaskFailedToStart', new RegExp(`^${graph}.* as dependency stopped before it was healthy\\.$`)],
    ends: { base: [0], app: [143, new RegExp(`^${graph}.* as dependency stopped before it was healthy\\.$`)] },
    lacks: ['startedAt'],
  },
  'its dependencies are met, one after the other': {
    containers: () => [
      { name: 'init', command: ['exit 0'], essential: false },
      { name: 'next', command: ['exit 5'], essential: false, ...after('init', 'SUCCESS') },
      {
        name: 'base',
        command: [trapped],
        essential: false,
        ...after('next', 'COMPLETE'),
        healthCheck: { command: ['CMD', '/bin/sh', '-c', 'exit 0'], interval: 5 },
      },
      { name: 'app', command: ['exit 6'], ...after('base', 'HEALTHY') },
    ],
    states: ranAndStopped,
    stop: exited,
    ends: { init: [0], next: [5], base: [0], app: [6] },
    check: async (arn) => {
      const [init = [], next = [], base = [], app = []] = await Promise.all(
        ['init', 'next', 'base', 'app'].map((name) => world.lifeOf(arn, name)),
      );
      const order = [init[1], next[0], next[1], base[0], app[0], app[1], base[1]];
      expect(order).toEqual(ascending(order));
    },
  },
  'it is stopped by hand twice, with a reason each time': {
    containers: () => [{ command: [trapped] }],
    act: async (arn) => {
      await running(arn);
      await stop(arn, 'enough');
      await stop(arn, 'too late');
    },
    states: ranAndStopped,
    stop: ['UserInitiated', 'enough'],
    ends: { app: [0] },
  },
  'it is stopped by hand and deaf to SIGTERM': {
    containers: () => [{ command: ["trap '' TERM; echo ready; while :; do sleep 1; done"] }],
    act: stopOnceRunning,
    states: ranAndStopped,
    stop: byUser,
    ends: { app: [137] },
  },
  'it is stopped by the signal that its image names': {
    containers: () => [{ command: ["trap 'exit 7' USR1; echo ready; sleep 1000 & wait"], image: world.usr1Image }],
    act: stopOnceRunning,
    states: ranAndStopped,
    stop: byUser,
    ends: { app: [7] },
  },
  'it is stopped, what others depend on last': {
    containers: () => [
      { name: 'base', command: [trapped] },
      {
        name: 'app',
        command: ["trap 'sleep 0.5; exit 0' TERM; echo ready; sleep 1000 & wait"],
        ...after('base', 'START'),
      },
    ],
    act: stopOnceRunning,
    states: ranAndStopped,
    stop: byUser,
    ends: { base: [0], app: [0] },
    check: async (arn) => {
      const [app = [], base = []] = await Promise.all(['app', 'base'].map((name) => world.lifeOf(arn, name)));
      expect([app[1], base[1]]).toEqual(ascending([app[1], base[1]]));
    },
  },
  'it is unhealthy and nobody minds, run by hand': {
    containers: () => [{ command: [trapped], ...sick(5) }],
    act: async (arn) => {
      await world.until('it is unhealthy', arn, (row) => row.healthStatus === 'UNHEALTHY');
      expect(world.row(arn)).toMatchObject({ lastStatus: 'RUNNING', desiredStatus: 'RUNNING' });
      await stop(arn);
    },
    states: ranAndStopped,
    stop: byUser,
    ends: { app: [0] },
    health: 'UNHEALTHY',
  },
  'it is unhealthy in a service': {
    containers: () => [{ command: [trapped], ...sick(5) }],
    service: true,
    states: ranAndStopped,
    stop: ['ServiceSchedulerInitiated', 'Task failed container health checks'],
    ends: { app: [0] },
    health: 'UNHEALTHY',
  },
  'its service is scaled in': {
    containers: () => [{ command: [trapped] }],
    service: true,
    act: async (arn) => {
      await running(arn);
      const service = world.row(arn)?.serviceArn;
      await world.ecs.send(new UpdateServiceCommand({ cluster: 'life', service, desiredCount: 0 }));
    },
    states: ranAndStopped,
    stop: ['ServiceSchedulerInitiated', /^Scaling activity initiated by \(deployment ecs-svc\/\d+\)$/],
    ends: { app: [0] },
  },
  'its subnet has no address left': {
    containers: () => [{ command: [trapped] }],
    fullSubnet: true,
    states: 'PROVISIONING DEPROVISIONING* STOPPED*',
    stop: [
      'TaskFailedToStart',
      /^Unexpected EC2 error while attempting to Create Network Interface .*: InsufficientFreeAddressesInSubnet$/,
    ],
    ends: { app: [] },
    lacks: ['connectivityAt', 'pullStartedAt', 'pullStoppedAt', 'startedAt', 'executionStoppedAt'],
  },
  // The last: it takes longest, and what stopped before is gone by then.
  ...(hasRoom()
    ? {
        'it writes more than its ephemeral storage': {
          // Taken from the file system at once, though nothing is written.
          containers: () => [{ command: [`trap 'exit 0' TERM; fallocate -l 21g /big; ${trapped}`] }],
          states: ranAlone,
          stop: [
            'EssentialContainerExited',
            /^EphemeralStorageExceeded: the task uses 2\d{4} MiB of its ephemeral storage of 20480 MiB$/,
          ],
          ends: { app: [0] },
        },
      }
    : {}),
};

async function play(family: string, row: Row): Promise<string> {
  await world.register(family, row.containers(), row.more);
  const subnets = row.fullSubnet === true ? [await world.fullSubnet()] : undefined;
  const arn = row.service === true ? await world.serve(family) : await world.run(family, subnets);
  await row.act?.(arn);
  await world.until('it is stopped', arn, ({ lastStatus }) => lastStatus === 'STOPPED');
  return arn;
}

const played = new Map<string, Promise<string>>();
beforeAll(async () => {
  bad = await startBadRegistries();
  world = await TaskWorld.begin();
  // All at the same time: each waits for its own end only.
  for (const [index, [name, row]] of Object.entries(rows).entries()) {
    const one = play(`row${index}`, row);
    one.catch(() => {});
    played.set(name, one);
  }
});
afterAll(async () => {
  await Promise.allSettled(played.values());
  await world?.end();
  await bad?.close();
});

const ascending = (numbers: readonly (number | undefined)[]): unknown =>
  numbers.toSorted((a, b) => (a ?? 0) - (b ?? 0));
const like = (text: string | RegExp): unknown => (typeof text === 'string' ? text : expect.stringMatching(text));

describe('the life of a task when', () => {
  it.each(Object.entries(rows))('%s', async (name, row) => {
    const arn = (await played.get(name)) ?? '';
    const task = await world.describe(arn);
    expect(world.history(arn).join(' ')).toBe(row.states);
    expect([task.stopCode, task.stoppedReason]).toEqual([row.stop[0], like(row.stop[1])]);
    const ends = Object.fromEntries(
      (task.containers ?? []).map((one) => [one.name, [one.lastStatus, one.exitCode, one.reason]]),
    );
    const wanted = Object.entries(row.ends).map(([container, [exitCode, reason]]) => [
      container,
      ['STOPPED', exitCode, reason === undefined ? undefined : like(reason)],
    ]);
    expect(ends).toEqual(Object.fromEntries(wanted));
    expect(times.filter((each) => task[each] === undefined)).toEqual(row.lacks ?? []);
    expect(task.healthStatus).toBe(row.health ?? 'UNKNOWN');
    // An execution may have stopped before the task was stopped, and even before anybody knew that it had started.
    const order = times.slice(0, -1).flatMap((each) => task[each]?.getTime() ?? []);
    expect(order).toEqual(ascending(order));
    await row.check?.(arn);
  });
});
