import { beforeEach, describe, expect, it } from 'vitest';
import { AwsError } from '../../base/errors.ts';
import { machines } from '../../store/tables/fleet.ts';
import { tasks } from '../../store/tables/ecs.ts';
import { ctx, ecsFixture } from './fixture.ts';

let fixture: ReturnType<typeof ecsFixture>;
let instance: string;

/** An agent that registers as a genuine one does that is no EC2 instance. */
function register(attributes: { name: string; value?: string }[] = [{ name: 'ecs.capability.external' }]): string {
  const { ecs, store } = fixture;
  const { containerInstance } = ecs.RegisterContainerInstance(
    {
      cluster: 'default',
      instanceIdentityDocument: '',
      instanceIdentityDocumentSignature: '',
      totalResources: [
        { name: 'CPU', type: 'INTEGER', integerValue: 2048 },
        { name: 'MEMORY', type: 'INTEGER', integerValue: 4096 },
        { name: 'PORTS', type: 'STRINGSET', stringSetValue: ['22'] },
        { name: 'PORTS_UDP', type: 'STRINGSET', stringSetValue: [] },
      ],
      attributes,
    },
    ctx,
  );
  const arn = containerInstance.containerInstanceArn ?? '';
  const id = arn.slice(arn.lastIndexOf('/') + 1);
  store.transact((tx) =>
    tx.put(machines, {
      id,
      containerInstanceArn: arn,
      clusterArn: 'arn:aws:ecs:us-east-1:000000000000:cluster/default',
      isInstance: true,
      attributes: [],
      resources: { cpu: 2048, memory: 4096 },
      connected: true,
      connectedAt: 0,
      lastSequence: 0,
    }),
  );
  return arn;
}

function run(launchType: 'EC2' | 'EXTERNAL'): string {
  const { tasks: made } = fixture.ecs.RunTask({ taskDefinition: 'web', launchType }, ctx);
  return made[0]?.taskArn ?? '';
}

const thrown = (call: () => unknown): string => {
  try {
    call();
  } catch (error) {
    if (error instanceof AwsError) return `${error.code}: ${error.message}`;
  }
  return 'nothing';
};

beforeEach(() => {
  fixture = ecsFixture();
  fixture.ecs.RegisterTaskDefinition(
    { family: 'web', containerDefinitions: [{ name: 'web', image: 'web', memory: 64 }] },
    ctx,
  );
  instance = register();
});

describe('an agent that is no EC2 instance', () => {
  it('registers anew under its ARN, and keeps what users gave its instance', () => {
    const { ecs } = fixture;
    ecs.PutAttributes({ attributes: [{ name: 'rack', value: '1', targetId: instance }] }, ctx);
    const { containerInstance } = ecs.RegisterContainerInstance(
      {
        containerInstanceArn: instance,
        totalResources: [
          { name: 'CPU', integerValue: 1024 },
          { name: 'MEMORY', integerValue: 1024 },
        ],
        attributes: [{ name: 'ecs.os-type', value: 'linux' }],
      },
      ctx,
    );
    expect(containerInstance.attributes).toEqual([
      { name: 'rack', value: '1' },
      { name: 'ecs.os-type', value: 'linux' },
    ]);
  });

  it('takes tasks of the EXTERNAL launch type, and they alone', () => {
    expect(thrown(() => run('EC2'))).toBe(
      'InvalidParameterException: No Container Instances were found in your cluster.',
    );
    const own = register([]);
    expect(fixture.store.get(tasks, run('EXTERNAL'))).toMatchObject({
      launchType: 'EXTERNAL',
      containerInstanceArn: instance,
    });
    expect(fixture.store.get(tasks, run('EC2'))?.containerInstanceArn).toBe(own);
    const started = fixture.ecs.StartTask({ taskDefinition: 'web', containerInstances: [own, instance] }, ctx);
    expect(started.tasks.map(({ launchType }) => launchType)).toEqual(['EC2', 'EXTERNAL']);
  });

  it('finds its websockets under the name by which it found us', () => {
    const found = { endpoint: 'http://127.0.0.1:4566/acs', telemetryEndpoint: 'http://127.0.0.1:4566/tcs' };
    expect(fixture.ecs.DiscoverPollEndpoint({}, ctx)).toEqual(found);
    expect(fixture.ecs.DiscoverPollEndpoint({ cluster: 'default', containerInstance: instance }, ctx)).toEqual(found);
    expect(thrown(() => fixture.ecs.DiscoverPollEndpoint({ containerInstance: 'none' }, ctx))).toMatch(
      /^ClientException/,
    );
  });
});

describe('the report of an agent', () => {
  it('is written once, whatever is said twice', () => {
    const { ecs, store } = fixture;
    const task = run('EXTERNAL');
    const report = {
      cluster: 'default',
      task,
      status: 'RUNNING',
      reason: '',
      containers: [
        {
          containerName: 'web',
          runtimeId: 'abc',
          status: 'RUNNING',
          networkBindings: [{ bindIP: '0.0.0.0', containerPort: 80, hostPort: 32768, protocol: 'tcp' as const }],
        },
      ],
      pullStartedAt: new Date(1000),
    };
    expect(ecs.SubmitTaskStateChange(report, ctx)).toEqual({ acknowledgment: 'ACK' });
    const after = store.get(tasks, task);
    expect(after).toMatchObject({
      reported: { status: 'RUNNING', ran: true, pullStartedAt: 1000 },
      containers: [{ lastStatus: 'RUNNING', runtimeId: 'abc', networkBindings: [{ hostPort: 32768 }] }],
    });
    ecs.SubmitTaskStateChange(report, ctx);
    expect(store.get(tasks, task)).toBe(after);
    ecs.SubmitContainerStateChange(
      { cluster: 'default', task, containerName: 'web', status: 'STOPPED', exitCode: 3 },
      ctx,
    );
    expect(store.get(tasks, task)).toMatchObject({
      reported: { status: 'RUNNING' },
      containers: [{ lastStatus: 'STOPPED', exitCode: 3 }],
    });
  });

  it.each([
    ['no task', { status: 'RUNNING' }, 'Task can not be blank.'],
    ['a task that nobody knows', { task: 'none', status: 'RUNNING' }, 'Referenced task was not found.'],
    ['another cluster', { cluster: 'other', status: 'RUNNING' }, 'Referenced task was not found.'],
    ['a state that agents do not know', { status: 'CREATED' }, 'status must be one of PENDING, RUNNING, STOPPED'],
    [
      'an attachment that is not the task`s',
      { attachments: [{ attachmentArn: 'a', status: 'ATTACHED' }] },
      'Referenced attachment was not found: a',
    ],
  ])('with %s is to be thrown away', (what, report, why) => {
    const task = what === 'no task' ? {} : { task: run('EXTERNAL') };
    expect(thrown(() => fixture.ecs.SubmitTaskStateChange({ ...task, ...report }, ctx))).toContain(
      `InvalidParameterException: ${why}`,
    );
  });

  it('of an attachment of an instance is to be thrown away: there are none', () => {
    const attachments = [{ attachmentArn: 'a', status: 'ATTACHED' }];
    expect(thrown(() => fixture.ecs.SubmitAttachmentStateChanges({ attachments }, ctx))).toMatch(
      /^InvalidParameterException/,
    );
  });
});

describe('the agent', () => {
  it('can be updated only when its version is known', () => {
    expect(thrown(() => fixture.ecs.UpdateContainerAgent({ containerInstance: instance }, ctx))).toMatch(
      /^MissingVersionException/,
    );
  });

  it('tells the health of its instance', () => {
    const { ecs, store } = fixture;
    const health = () =>
      ecs.DescribeContainerInstances({ containerInstances: [instance], include: ['CONTAINER_INSTANCE_HEALTH'] }, ctx)
        .containerInstances[0]?.healthStatus;
    expect(health()).toEqual({ overallStatus: 'INSUFFICIENT_DATA', details: [] });
    const id = instance.slice(instance.lastIndexOf('/') + 1);
    const said = { type: 'ContainerRuntime', status: 'IMPAIRED', lastUpdated: 2000, lastStatusChange: 1000 } as const;
    store.transact((tx) => tx.update(machines, id, (row) => ({ ...row, statuses: [said] })));
    expect(health()).toEqual({
      overallStatus: 'IMPAIRED',
      details: [
        {
          type: 'CONTAINER_RUNTIME',
          status: 'IMPAIRED',
          lastUpdated: new Date(2000),
          lastStatusChange: new Date(1000),
        },
      ],
    });
  });
});
