import { beforeEach, describe, expect, it } from 'vitest';
import type { Task } from '../../model/ecs/task.ts';
import { containerInstances, services, tasks } from '../../store/tables/ecs.ts';
import { explain, type Explanation } from './explain.ts';
import { clusterArn, viewFixture } from './testing.ts';

let fixture: ReturnType<typeof viewFixture>;
beforeEach(() => {
  fixture = viewFixture();
});

const define = (family: string, hostPort: number, memory = 300) =>
  fixture.ecs.RegisterTaskDefinition(
    {
      family,
      containerDefinitions: [{ name: 'web', image: 'web', memory, portMappings: [{ containerPort: 80, hostPort }] }],
    },
    fixture.ctx,
  );
const run = (family: string): Task => {
  const { tasks: made } = fixture.ecs.RunTask({ taskDefinition: family, launchType: 'EC2' }, fixture.ctx);
  const row = fixture.store.get(tasks, made[0]?.taskArn ?? '');
  if (row === undefined) throw new Error('no task was made');
  return row;
};
const serve = (name: string, desiredCount: number) => {
  fixture.ecs.CreateService({ serviceName: name, taskDefinition: 'web', desiredCount, launchType: 'EC2' }, fixture.ctx);
  fixture.schedule(name);
};
const ask = (text: string, cluster?: string): Explanation => explain(fixture.store, text, cluster, fixture.clock.now());
function asked<Kind extends Explanation['kind']>(kind: Kind, text: string): Extract<Explanation, { kind: Kind }> {
  const answer = ask(text);
  if (answer.kind !== kind) throw new Error(`it is a ${answer.kind}`);
  return answer as Extract<Explanation, { kind: Kind }>;
}

describe('what a text means', () => {
  it('is an ARN, an id or its beginning, a name, or a family', () => {
    const arn = fixture.instance({ id: 'ab12ab12ab12' });
    define('web', 0);
    serve('front', 1);
    const task = run('web');
    const meant = (text: string): string => {
      const answer = ask(text);
      return answer.kind === 'task'
        ? answer.task.id
        : answer.kind === 'instance'
          ? answer.instance.id
          : answer.kind === 'service'
            ? answer.name
            : answer.kind;
    };
    for (const text of [task.arn, task.id, task.id.slice(0, 6), 'web', 'family:web']) expect(meant(text)).toBe(task.id);
    for (const text of [arn, 'ab12', 'i-ab12ab12ab12', 'i-ab12']) expect(meant(text)).toBe('ab12ab12ab12');
    for (const text of ['front', fixture.store.list(services)[0]?.arn ?? '']) expect(meant(text)).toBe('front');
  });

  it('must be one thing, and something that is there', () => {
    fixture.instance({ id: 'abcd01' });
    fixture.instance({ id: 'abcd02' });
    expect(() => ask('abcd')).toThrow(/'abcd' may mean 2 things.*\n {2}instance arn:aws:ecs.*abcd01\n/);
    expect(() => ask('abcd01', 'other')).toThrow(
      "there is no task, service or container instance 'abcd01' in cluster 'other'",
    );
    expect(() => ask('nothing')).toThrow("'stowage fleet' shows them");
    for (const cluster of ['default', clusterArn]) expect(ask('abcd01', cluster).kind).toBe('instance');
    // Three letters are no beginning of an id.
    expect(() => ask('abc')).toThrow('there is no');
    expect(() => ask('toString')).toThrow('there is no');
  });

  it('is the last of a family that stopped when none lives, and tells of refusals before that', () => {
    fixture.instance({ id: 'aa' });
    define('web', 80);
    const first = run('web');
    fixture.store.transact((tx) => tx.put(tasks, { ...first, lastStatus: 'STOPPED', stoppedAt: 5 }));
    expect(asked('task', 'web').task.id).toBe(first.id);
    define('huge', 0, 9999);
    expect(() => run('huge')).toThrow('no task was made');
    expect(asked('refusal', 'huge')).toMatchObject({
      operation: 'RunTask',
      taskDefinition: 'huge:1',
      count: 1,
      excluded: [{ reason: 'RESOURCE:MEMORY', count: 1, instanceIds: ['aa'] }],
    });
  });
});

describe('a task', () => {
  it('tells how its place was found, what it came through, and what it waits for', () => {
    fixture.instance({ id: 'full', memory: 100 });
    fixture.instance({ id: 'away', connected: false });
    fixture.instance({ id: 'best', zone: 'us-east-1b', memory: 900 });
    fixture.instance({ id: 'good', zone: 'us-east-1b', memory: 800 });
    define('web', 0);
    const { id } = run('web');
    expect(asked('task', id)).toMatchObject({
      cluster: 'default',
      launchType: 'EC2',
      place: {
        on: 'instance',
        containerInstanceId: 'best',
        zone: 'us-east-1b',
        decision: {
          considered: 4,
          able: 2,
          kinInZone: 0,
          memoryFree: 900,
          excluded: [
            { reason: 'RESOURCE:MEMORY', count: 1, instanceIds: ['full'] },
            { reason: 'AGENT', count: 1, instanceIds: ['away'] },
          ],
        },
      },
      history: [{ what: 'PENDING', at: fixture.clock.now() }],
      waitsFor: ['its agent to pull and start web (web)'],
    });
  });

  it('tells where it stands though nobody chose that, and what to do once it stopped', () => {
    const instance = fixture.instance({ id: 'aa' });
    define('web', 0);
    fixture.ecs.StartTask({ taskDefinition: 'web', containerInstances: [instance] }, fixture.ctx);
    const [row] = fixture.store.list(tasks);
    if (row === undefined) throw new Error('no task was made');
    expect(asked('task', row.id).place).toEqual({
      on: 'instance',
      containerInstanceId: 'aa',
      ec2InstanceId: 'i-aa',
      machineId: 'i-aa',
      zone: 'us-east-1a',
    });
    fixture.store.transact((tx) =>
      tx.put(tasks, {
        ...row,
        lastStatus: 'STOPPED',
        desiredStatus: 'STOPPED',
        stoppedAt: row.createdAt + 9000,
        stop: { code: 'EssentialContainerExited', reason: 'Essential container in task exited' },
        reported: { pullStartedAt: row.createdAt + 2000 },
        containers: row.containers.map((one) => ({ ...one, lastStatus: 'STOPPED' as const, exitCode: 127 })),
      }),
    );
    expect(asked('task', row.id)).toMatchObject({
      history: [{ what: 'PENDING' }, { what: 'pulling images' }, { what: 'STOPPED' }],
      waitsFor: [],
      containers: [{ exitCode: 127, exitMeaning: 'its command was not found' }],
      stop: { next: ['web writes to no log group: give it a logConfiguration to see what it said'] },
    });
  });
});

describe('a service', () => {
  it('tells what blocks its steady state, in the words of its events', () => {
    fixture.instance({ id: 'aa' });
    define('web', 80);
    serve('front', 2);
    const seen = asked('service', 'front');
    expect(seen).toMatchObject({
      desiredCount: 2,
      runningCount: 0,
      pendingCount: 1,
      status: 'ACTIVE',
      tasks: [{ lastStatus: 'PENDING' }],
    });
    const [unplaced = '', waiting] = seen.blockers;
    expect(seen.events.map(({ message }) => message)).toContain(
      `(service front) ${unplaced.replace('1 task found no place: it ', '')}`,
    );
    expect(waiting).toMatch(/^task [0-9a-f]{8} \(PENDING\) waits for its agent to pull and start web/);
    expect(seen.unplaced?.excluded).toEqual([{ reason: 'RESOURCE:PORTS', count: 1, instanceIds: ['aa'] }]);
  });

  it('tells of its back-off and of the tasks that it lost', () => {
    fixture.instance({ id: 'aa' });
    define('web', 0);
    serve('front', 1);
    const fail = (): void => {
      fixture.store.transact((tx) => {
        for (const task of tx.list(tasks)) {
          if (task.lastStatus === 'STOPPED') continue;
          tx.put(tasks, {
            ...task,
            lastStatus: 'STOPPED',
            desiredStatus: 'STOPPED',
            stoppedAt: fixture.clock.now(),
            stop: { code: 'EssentialContainerExited', reason: 'Essential container in task exited' },
            containers: task.containers.map((one) => ({ ...one, reason: 'no such file' })),
          });
        }
      });
      fixture.schedule('front');
    };
    fail();
    fail();
    const seen = asked('service', 'front');
    expect(seen.backOff).toEqual({ failures: 2, retryAt: fixture.clock.now() + 1000 });
    expect(seen.blockers[0]).toBe('its last 2 attempts to start tasks failed: the next is in 1 s');
    expect(seen.lastStopped[0]).toMatchObject({
      code: 'EssentialContainerExited',
      reason: 'Essential container in task exited: no such file',
    });
  });

  it('has no blockers once it is steady, and says when it is being deleted', async () => {
    fixture.instance({ id: 'aa' });
    define('web', 0);
    serve('front', 1);
    fixture.store.transact((tx) => {
      for (const task of tx.list(tasks))
        tx.put(tasks, { ...task, lastStatus: 'RUNNING', startedAt: fixture.clock.now() });
    });
    expect(asked('service', 'front').blockers).toEqual([expect.stringContaining('waits for some seconds of running')]);
    await fixture.clock.advance(40_000);
    fixture.schedule('front');
    expect(asked('service', 'front')).toMatchObject({ blockers: [], steadyAt: fixture.clock.now(), runningCount: 1 });
    fixture.ecs.DeleteService({ service: 'front', force: true }, fixture.ctx);
    fixture.schedule('front');
    expect(asked('service', 'front').blockers).toEqual(['it is being deleted: 1 task left to end']);
  });
});

describe('an instance', () => {
  it('tells what it has, who did not fit, and why it takes nothing', () => {
    const arn = fixture.instance({ id: 'aa00' });
    define('web', 80);
    define('huge', 0, 9999);
    serve('front', 2);
    expect(() => run('huge')).toThrow('no task was made');
    const seen = asked('instance', 'aa00');
    expect(seen).toMatchObject({
      instance: { memory: { registered: 1000, used: 300 }, tasks: [{ name: 'front' }] },
      closed: [],
      turnedAway: [
        { who: 'service front', reason: 'RESOURCE:PORTS' },
        { who: 'RunTask of huge', reason: 'RESOURCE:MEMORY', at: fixture.clock.now() },
      ],
    });
    fixture.store.transact((tx) =>
      tx.update(containerInstances, arn, (row) => ({ ...row, status: 'DRAINING' as const })),
    );
    expect(asked('instance', 'aa00').closed).toEqual([
      expect.stringContaining('it is DRAINING: one task is still on it'),
    ]);
  });
});
