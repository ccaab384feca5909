import { beforeEach, describe, expect, it } from 'vitest';
import { awsvpc, fargateWeb } from '../../services/ecs/fixture.ts';
import type { Task } from '../../model/ecs/task.ts';
import { clusters, services, tasks } from '../../store/tables/ecs.ts';
import { answerFleet } from './answers.ts';
import { fleetOf } from './fleet.ts';
import { viewFixture } from './testing.ts';

let fixture: ReturnType<typeof viewFixture>;
beforeEach(() => {
  fixture = viewFixture();
});

const defined = (hostPort: number, more = {}) =>
  fixture.ecs.RegisterTaskDefinition(
    {
      family: 'web',
      containerDefinitions: [
        { name: 'web', image: 'web', cpu: 128, memory: 300, portMappings: [{ containerPort: 80, hostPort }] },
      ],
      ...more,
    },
    fixture.ctx,
  );
const service = (desiredCount: number) =>
  fixture.ecs.CreateService(
    { serviceName: 'httpd', taskDefinition: 'web', desiredCount, launchType: 'EC2' },
    fixture.ctx,
  );
const cluster = () => fleetOf(fixture.store, 0)[0];

describe('the clusters at one moment', () => {
  it('shows instances by zone, what is taken of them, and by whom', () => {
    fixture.instance({ id: 'bb', zone: 'us-east-1b', connected: false });
    fixture.instance({ id: 'aa' });
    defined(80);
    fixture.ecs.RunTask({ taskDefinition: 'web', launchType: 'EC2' }, fixture.ctx);
    const view = cluster();
    expect(view).toMatchObject({ name: 'default', region: 'us-east-1', fargate: [], unplaced: [] });
    expect(view?.instances).toMatchObject([
      {
        id: 'aa',
        instanceType: 't3.small',
        connected: true,
        cpu: { registered: 1024, used: 128 },
        memory: { registered: 1000, used: 300 },
        interfaces: { registered: 2, used: 0 },
        ports: { reserved: [{ port: 22 }], used: [{ port: 80 }] },
        tasks: [{ name: 'web', service: false, lastStatus: 'PENDING', taskDefinition: 'web:1' }],
      },
      { id: 'bb', connected: false, disconnectedAt: 1000, tasks: [], cpu: { used: 0 } },
    ]);
  });

  it('shows tasks of Fargate apart, and none that has stopped', () => {
    fixture.ecs.RegisterTaskDefinition(fargateWeb, fixture.ctx);
    const run = { taskDefinition: 'web', launchType: 'FARGATE', count: 2, networkConfiguration: awsvpc } as const;
    const [first] = fixture.ecs.RunTask(run, fixture.ctx).tasks ?? [];
    fixture.store.transact((tx) =>
      tx.update(tasks, first?.taskArn ?? '', (task): Task => ({ ...task, lastStatus: 'STOPPED' })),
    );
    expect(cluster()?.fargate).toHaveLength(1);
    // No machine of Fargate's is connected: the other one has no place.
    expect(cluster()?.unplaced).toMatchObject([
      { count: 1, reason: expect.stringContaining('No Container Instances') },
    ]);
  });

  it("gives the reason of the service's own event for what finds no place", () => {
    fixture.instance({ id: 'aa' });
    fixture.instance({ id: 'bb', zone: 'us-east-1b', memory: 100 });
    defined(80);
    service(3);
    fixture.schedule('httpd');
    const [unplaced] = cluster()?.unplaced ?? [];
    expect(unplaced).toMatchObject({
      name: 'httpd',
      count: 2,
      excluded: [
        { reason: 'RESOURCE:PORTS', count: 1, instanceIds: ['aa'] },
        { reason: 'RESOURCE:MEMORY', count: 1, instanceIds: ['bb'] },
      ],
    });
    const told = fixture.store.list(services)[0]?.events.map(({ message }) => message);
    expect(told).toContain(`(service httpd) ${unplaced?.reason}`);
    // Where it fits, nothing is unplaced, though the scheduler has not come to it yet.
    fixture.instance({ id: 'cc' });
    expect(cluster()?.unplaced).toEqual([]);
  });

  it('tells for a while what RunTask and StartTask found no place for, until it finds one', () => {
    const arn = fixture.instance({ id: 'aa', memory: 100 });
    defined(80);
    const asked = { taskDefinition: 'web', launchType: 'EC2' } as const;
    const { failures } = fixture.ecs.RunTask({ ...asked, count: 2 }, fixture.ctx);
    expect(failures).toEqual([{ arn, reason: 'RESOURCE:MEMORY' }]);
    const excluded = [{ reason: 'RESOURCE:MEMORY', count: 1, instanceIds: ['aa'] }];
    const reason = 'RunTask made no task: RESOURCE:MEMORY';
    expect(cluster()?.unplaced).toMatchObject([{ name: 'web', count: 2, reason, excluded }]);
    expect(fleetOf(fixture.store, fixture.clock.now() + 3_600_000)[0]?.unplaced).toEqual([]);
    fixture.ecs.StartTask({ taskDefinition: 'web', containerInstances: [arn] }, fixture.ctx);
    expect(cluster()?.unplaced).toMatchObject([{ count: 1, reason: 'StartTask made no task: RESOURCE:MEMORY' }]);
    fixture.instance({ id: 'bb' });
    fixture.ecs.RunTask(asked, fixture.ctx);
    expect(cluster()?.unplaced).toEqual([]);
  });

  it('names what is asked for only, and no cluster that is deleted', () => {
    fixture.ecs.CreateCluster({ clusterName: 'other' }, fixture.ctx);
    expect(fleetOf(fixture.store, 0).map(({ name }) => name)).toEqual(['default', 'other']);
    expect(fleetOf(fixture.store, 0, 'other').map(({ name }) => name)).toEqual(['other']);
    fixture.ecs.DeleteCluster({ cluster: 'other' }, fixture.ctx);
    expect(fleetOf(fixture.store, 0, 'other')).toEqual([]);
  });
});

describe('waiting for a change', () => {
  const ask = (query: Record<string, string>) => answerFleet(fixture, new URLSearchParams(query));

  it('answers at once to who knows nothing, or something old', async () => {
    const { revision } = await ask({});
    fixture.ecs.CreateCluster({ clusterName: 'other' }, fixture.ctx);
    expect((await ask({ after: revision })).clusters).toHaveLength(2);
    expect((await ask({ after: 'of another process' })).clusters).toHaveLength(2);
  });

  it('answers with the next commit, or after a while without one', async () => {
    const { revision } = await ask({});
    const waiting = ask({ after: revision });
    await fixture.clock.advance(1000);
    fixture.store.transact((tx) =>
      tx.update(clusters, fixture.store.list(clusters)[0]?.arn ?? '', (row) => ({ ...row })),
    );
    const next = await waiting;
    expect(next.revision).not.toBe(revision);
    const silent = ask({ after: next.revision });
    await fixture.clock.advance(20_000);
    expect((await silent).revision).toBe(next.revision);
  });
});
