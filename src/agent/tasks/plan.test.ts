import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { container, payload } from '../control-for-tests.ts';
import { planTask, retentionMs, stepKey, type TaskStep } from './plan.ts';
import { newTaskView, type ContainerView, type TaskView } from './view.ts';

const app = container('app', 'serve');
const running = { phase: 'running', pulled: true, logsReady: true, id: 'c1', startedAt: 0 } as const;
const pause = { phase: 'running', id: 'p1', pid: 7, startedAt: 0 } as const;

const restarting = container('app', 'serve', {
  restartPolicy: { enabled: true, ignoredExitCodes: [7], restartAttemptPeriod: 60 },
});
const ranFor = (seconds: number) =>
  ({ ...running, phase: 'exited', exitCode: 1, startedAt: 5, finishedAt: 5 + seconds * 1000 }) as const;

function task(change: Partial<TaskView>, ...containers: Partial<ContainerView>[]): TaskView {
  const view = newTaskView(payload(0, [app, container('side', 'serve', { essential: false })]));
  return {
    ...view,
    group: '/group',
    ...change,
    containers: view.containers.map((each, index) => ({ ...each, ...containers[index] })),
  };
}

/** A task without a network whose containers share memory. */
const sharing = (view: TaskView): TaskView => ({
  ...view,
  payload: { ...view.payload, launchType: 'EC2', networkMode: 'none', ipcMode: 'task', elasticNetworkInterfaces: [] },
});

/** A task whose control group nobody has seen to. */
const ungrouped = ({ group: _none, ...view }: TaskView): TaskView => ({ ...view, vpcId: 'vpc-1' });

const onEc2 = (view: TaskView): TaskView => ({ ...view, payload: { ...view.payload, launchType: 'EC2' } });

const keys = (view: TaskView, now = 0, busy = new Set<string>()): string[] =>
  planTask(view, busy, now).steps.map((step) => stepKey(step));

describe('the plan of a task', () => {
  const ready = { pause, attached: true, vpcId: 'vpc-1' };
  const died = task({ ...ready, pause: { phase: 'exited', pid: 0, id: 'p1' } }, { pulled: true });
  const created = { phase: 'created', pulled: true, logsReady: true, id: 'c' } as const;
  const stopped = { phase: 'exited', pulled: true, logsReady: true, id: 'c', exitCode: 0 } as const;
  it('gives up no pause that something is about to join', () => {
    for (const step of ['create app', 'create-pause', 'attach']) {
      expect(keys(died, 0, new Set([step]))).toEqual(['pull side']);
    }
  });

  it.each<[string, TaskView, string[]]>([
    ['begins with everything that needs nothing else', task({}), ['create-pause', 'pull app', 'pull side']],
    [
      'makes the group before what is in it',
      ungrouped(task({ pause }, { pulled: true }, created)),
      ['create-group', 'attach'],
    ],
    ['starts the pause', task({ pause: { phase: 'created', id: 'p1', pid: 0 } }, created, created), ['start-pause']],
    ['attaches once the VPC stands', task({ pause, vpcId: 'vpc-1' }, created, created), ['attach']],
    ['waits for its VPC', task({ pause }, created, created), []],
    ['creates before the network is there', task({ pause }, { pulled: true }, created), ['create app']],
    ['opens the log before the start', task(ready, { ...created, logsReady: false }, running), ['open-log app']],
    ['starts', task(ready, created, running), ['start app']],
    ['has nothing to do with what runs', task(ready, running, running), []],
    ['stops all when told', task({ ...ready, desired: 'STOPPED' }, running, running), ['stop app', 'stop side']],
    ['stops the rest after an essential one', task(ready, stopped, running), ['stop side']],
    ['goes on after another', task(ready, running, stopped), []],
    [
      'stops when the pause died',
      task({ ...ready, pause: { phase: 'exited', pid: 0 } }, running, stopped),
      ['stop app'],
    ],
    ['gives up a pause that died before anything joined it', died, ['release-network', 'pull side']],
    ['makes a pause for shared memory', sharing(task({})), ['create-pause', 'pull app', 'pull side']],
    [
      'waits until it runs',
      sharing(task({ pause: { ...pause, phase: 'created' } }, created, created)),
      ['start-pause'],
    ],
    ['starts once it runs', sharing(task({ pause }, created, created)), ['start app', 'start side']],
    ['concludes', task(ready, stopped, stopped), ['conclude']],
    ['tells before it gives the network back', task({ ...ready, stoppedAt: 0 }, stopped, stopped), []],
    ['gives the network back', task({ ...ready, stoppedAt: -5 }, stopped, stopped), ['release-network']],
    ['never makes a pause for what has begun', task({}, running, running), ['stop app', 'stop side']],
    [
      'restarts what its policy says, after it ran long enough',
      task(ready, { ...ranFor(60), spec: restarting }, running),
      ['restart app'],
    ],
    ['ends with what ran too short', task(ready, { ...ranFor(59), spec: restarting }, running), ['stop side']],
    [
      'ends with an exit code that is ignored',
      task(ready, { ...ranFor(60), exitCode: 7, spec: restarting }, running),
      ['stop side'],
    ],
    [
      'ends with what could not be restarted',
      task(ready, { ...ranFor(60), spec: restarting, restartFailed: true }, running),
      ['stop side'],
    ],
    [
      'restarts nothing of a task that ends',
      task({ ...ready, desired: 'STOPPED' }, { ...ranFor(60), spec: restarting }, running),
      ['stop side'],
    ],
    ['goes on without one that is not essential and failed', task(ready, running, { ...created, failed: true }), []],
    [
      'stops what runs though its start was refused',
      task(ready, running, { ...running, id: 'c2', failed: true }),
      ['stop side'],
    ],
    ['is done when removed', task({ removed: true }, stopped, stopped), []],
  ])('%s', (_name, view, expected) => {
    expect(keys(view)).toEqual(expected);
  });

  const secrets = [
    { name: 'A', valueFrom: 'a', region: 'r', provider: 'ssm', type: 'ENVIRONMENT_VARIABLE', target: 'CONTAINER' },
  ] as const;
  const registryAuthentication = {
    type: 'asm',
    asmAuthData: { credentialsParameter: 'registry', region: 'us-east-1' },
  } as const;
  it.each<[string, TaskView, string[]]>([
    ['Fargate pulls only once secrets are fetched', task(ready, { spec: { ...app, secrets } }), ['fetch']],
    ['an agent pulls meanwhile', onEc2(task(ready, { spec: { ...app, secrets } })), ['fetch', 'pull app', 'pull side']],
    [
      'an agent waits with a private registry',
      onEc2(task(ready, { spec: { ...app, registryAuthentication } })),
      ['fetch', 'pull side'],
    ],
    [
      'nothing is made without its secrets',
      onEc2(task(ready, { spec: { ...app, secrets }, pulled: true }, { pulled: true })),
      ['fetch', 'create side'],
    ],
    [
      'what is fetched is fetched once',
      task({ ...ready, fetched: {} }, { spec: { ...app, secrets }, pulled: true }),
      ['create app', 'pull side'],
    ],
    [
      'a container that is there has its secrets',
      task(ready, { ...running, spec: { ...app, secrets } }, { pulled: true }),
      ['create side'],
    ],
    [
      'an adopted task waits for the credentials of its execution role',
      onEc2(task({ ...ready, fromLabel: true }, { spec: { ...app, secrets }, pulled: true }, running)),
      [],
    ],
    [
      'nothing is fetched for an end',
      task({ ...ready, desired: 'STOPPED' }, { spec: { ...app, secrets } }),
      ['conclude'],
    ],
  ])('%s', (_name, view, expected) => {
    expect(keys(view)).toEqual(expected);
  });

  it('keeps the containers for a while, and longer while lines are not stored', () => {
    const over = task({ attached: false, stoppedAt: 0, released: true }, stopped, stopped);
    expect(planTask(over, new Set(), 5)).toEqual({ steps: [], lookAt: retentionMs });
    expect(keys(over, retentionMs)).toEqual(['remove']);
    expect(keys({ ...over, released: false }, retentionMs)).toEqual([]);
  });

  it('gives up on a VPC that never stands', () => {
    const waiting = task({ pause }, created, created);
    expect(planTask(waiting, new Set(), 0).lookAt).toBe(180_000);
    expect(keys(waiting, 180_000)).toEqual(['fail']);
  });

  it('stops in the opposite order of its dependencies', () => {
    const view = newTaskView(
      payload(0, [
        container('database', 'serve'),
        container('web', 'serve', { dependsOn: [{ containerName: 'database', condition: 'START' }] }),
      ]),
    );
    const both = {
      ...view,
      desired: 'STOPPED' as const,
      containers: view.containers.map((each) => ({ ...each, ...running })),
    };
    expect(keys(both)).toEqual(['stop web']);
    const first = both.containers.map((each) =>
      each.spec.name === 'web' ? { ...each, phase: 'exited' as const } : each,
    );
    expect(keys({ ...both, containers: first })).toEqual(['stop database']);
  });

  it('waits no longer than startTimeout', () => {
    const view = newTaskView(
      payload(0, [
        container('slow', 'serve', { startTimeout: 10 }),
        container('web', 'serve', { dependsOn: [{ containerName: 'slow', condition: 'HEALTHY' }] }),
      ]),
    );
    const [slow, web] = view.containers;
    if (slow === undefined || web === undefined) throw new Error('two containers');
    const waiting = {
      ...view,
      ...ready,
      group: '/group',
      containers: [
        { ...slow, ...running },
        { ...web, ...created },
      ],
    };
    expect(planTask(waiting, new Set(), 1)).toEqual({ steps: [], lookAt: 10_000 });
    expect(keys(waiting, 10_000)).toEqual(['fail web']);
  });

  it('never plans a step that is under way, nor starts anything of a task that ends', () => {
    const phase = fc.constantFrom('none', 'created', 'running', 'exited');
    const view = fc.record(
      { pulled: fc.boolean(), logsReady: fc.boolean(), phase },
      { requiredKeys: ['phase', 'pulled', 'logsReady'] },
    );
    const begins = new Set<TaskStep['kind']>([
      'create-pause',
      'start-pause',
      'attach',
      'pull',
      'open-log',
      'create',
      'start',
      'restart',
    ]);
    const busyKeys = [
      'create-pause',
      'start-pause',
      'attach',
      'create app',
      'start app',
      'stop app',
      'stop side',
      'conclude',
    ];
    fc.assert(
      fc.property(
        view,
        view,
        phase,
        fc.boolean(),
        fc.boolean(),
        fc.subarray(busyKeys),
        (one, two, held, attached, stop, under) => {
          const each = { pause: { phase: held, pid: 1, id: 'p' }, attached, vpcId: 'vpc-1' };
          const subject = task(
            { ...each, desired: stop ? 'STOPPED' : 'RUNNING' },
            { ...ranFor(60), ...one, spec: restarting, id: 'a' },
            { ...two, id: 'b' },
          );
          const busy = new Set(under);
          const { steps } = planTask(subject, busy, 0);
          for (const step of steps) expect(busy.has(stepKey(step))).toBe(false);
          if (stop) expect(steps.filter(({ kind }) => begins.has(kind))).toEqual([]);
        },
      ),
    );
  });
});
