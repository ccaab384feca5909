import { describe, expect, it, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { silentLog } from '../../base/log.ts';
import type { MetricDatum } from '../../base/metric.ts';
import type { Service } from '../../model/ecs/service.ts';
import type { TaskDefinition } from '../../model/ecs/task-definition.ts';
import type { Task } from '../../model/ecs/task.ts';
import type { Machine } from '../../model/fleet/machine.ts';
import { Store } from '../../store/store.ts';
import * as ecs from '../../store/tables/ecs.ts';
import { machines } from '../../store/tables/fleet.ts';
import { readTelemetryMessage } from '../../wire/telemetry-messages.ts';
import { Utilization } from './utilization.ts';
import { utilizationMetrics } from './samples.ts';

const scope = { account: '000000000000', region: 'us-east-1', clusterName: 'default' };
const web = { ...scope, serviceName: 'web', reserved: { cpu: 256, memory: 512 } };
const at = 60_000;

const shown = (data: ReturnType<typeof utilizationMetrics>) =>
  data.map(({ series: { name, dimensions }, point }) => [
    name,
    dimensions.map(({ value }) => value).join('/'),
    point.count,
    point.sum / point.count,
    point.max,
  ]);

describe('the utilization metrics of a minute', () => {
  it('have a sample for each task of a service, in percent of what it asked for', () => {
    const tasks = [
      { ...web, use: { cpu: 128, memory: 256 } },
      { ...web, use: { cpu: 256, memory: 128 } },
      { ...web, serviceName: 'other', use: { cpu: 64, memory: 512 } },
    ];
    expect(shown(utilizationMetrics(at, tasks, []))).toEqual([
      ['CPUUtilization', 'default/web', 2, 75, 100],
      ['MemoryUtilization', 'default/web', 2, 37.5, 50],
      ['CPUUtilization', 'default/other', 1, 25, 25],
      ['MemoryUtilization', 'default/other', 1, 100, 100],
    ]);
  });

  it('tell of the instances of a cluster what is used of them, and what is reserved of them all', () => {
    const registered = { cpu: 1024, memory: 1000 };
    const instances = [
      { ...scope, registered, reserved: { cpu: 512, memory: 500 }, use: { cpu: 256, memory: 100 } },
      { ...scope, registered, reserved: { cpu: 0, memory: 0 } },
    ];
    expect(shown(utilizationMetrics(at, [], instances))).toEqual([
      ['CPUUtilization', 'default', 1, 25, 25],
      ['MemoryUtilization', 'default', 1, 10, 10],
      ['CPUReservation', 'default', 1, 25, 25],
      ['MemoryReservation', 'default', 1, 25, 25],
    ]);
  });

  it('are silent of what asks for nothing', () => {
    const idle = { ...web, reserved: { cpu: 0, memory: 0 }, use: { cpu: 1, memory: 1 } };
    expect(utilizationMetrics(at, [idle], [])).toEqual([]);
  });
});

test('what a genuine agent says of its own tasks is stored when the minute is over', async () => {
  const clock = new FakeClock(60_000);
  const tables = Object.values(ecs).filter((each) => typeof each === 'object');
  const store = new Store([...tables, machines] as ConstructorParameters<typeof Store>[0]);
  const place = {
    account: '000000000000',
    region: 'us-east-1',
    clusterArn: 'arn:aws:ecs:us-east-1:000000000000:cluster/default',
  };
  const document = { cpu: '256', memory: '512', containerDefinitions: [] };
  store.transact((tx) => {
    tx.put(machines, { id: 'm-1', resources: { cpu: 2048, memory: 4096 } } as unknown as Machine);
    tx.put(ecs.services, {
      ...place,
      arn: 'service',
      name: 'web',
      status: 'ACTIVE',
      deployments: [],
    } as unknown as Service);
    tx.put(ecs.taskDefinitions, { ...place, arn: 'definition', document } as unknown as TaskDefinition);
    for (const [arn, machineId] of [
      ['task-1', 'm-1'],
      ['task-2', 'm-2'],
    ]) {
      const row = {
        ...place,
        arn,
        machineId,
        serviceArn: 'service',
        taskDefinitionArn: 'definition',
        loadBalancers: [],
      };
      tx.put(ecs.tasks, { ...row, lastStatus: 'RUNNING', desiredStatus: 'RUNNING' } as unknown as Task);
    }
  });
  const stored: MetricDatum[] = [];
  const put = ({ data }: { readonly data: readonly MetricDatum[] }): Promise<boolean> => {
    stored.push(...data);
    return Promise.resolve(true);
  };
  const utilization = new Utilization({ store, clock, log: silentLog, metrics: { put } });
  const stats = (sum: number) => ({ min: 0, max: sum, sampleCount: 20, sum: sum * 20 });
  // 5 % of two processors, in two containers; and of a task that is another machine's.
  const containerMetrics = [
    { containerName: 'web', cpuStatsSet: stats(3), memoryStatsSet: stats(100), networkStatsSet: {} },
    { containerName: 'log', cpuStatsSet: stats(2), memoryStatsSet: stats(28) },
  ];
  const message = readTelemetryMessage(
    JSON.stringify({
      type: 'PublishMetricsRequest',
      message: {
        metadata: { cluster: 'default', containerInstance: 'i', messageId: '1', idle: false, fin: true },
        taskMetrics: ['task-1', 'task-2'].map((taskArn) => ({
          taskArn,
          taskDefinitionFamily: 'web',
          containerMetrics,
        })),
        timestamp: 1,
      },
    }),
  );
  if (message?.type !== 'PublishMetricsRequest') throw new Error('it should have been read');
  utilization.take('m-1', message.message);
  await clock.advance(59_000);
  expect(stored).toEqual([]);
  await clock.advance(2_000);
  expect(shown(stored)).toEqual([
    ['CPUUtilization', 'default/web', 1, 40, 40],
    ['MemoryUtilization', 'default/web', 1, 25, 25],
  ]);
  expect(stored[0]?.point.at).toBe(60_000);
  utilization.close();
});
