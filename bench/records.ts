import { createHash } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DescribeTasksCommand } from '@aws-sdk/client-ecs';
import { systemClock } from '../src/base/clock.ts';
import { allTables } from '../src/main/tables.ts';
import type { Task } from '../src/model/ecs/task.ts';
import { SqliteJournal } from '../src/store/journal/sqlite.ts';
import { Store } from '../src/store/store.ts';
import { clusters, tasks } from '../src/store/tables/ecs.ts';
import { startInstallation } from '../test/support/installation.ts';
import { sdk } from '../test/support/web-service.ts';
import { benchIdle } from './process.ts';
import { nowMs, quantile, type Row } from './report.ts';

const scope = { account: '000000000000', region: 'us-east-1' };
const clusterArn = 'arn:aws:ecs:us-east-1:000000000000:cluster/records';
/** How many services the tasks are of, in turn. */
const services = 20;

/** A control plane with `count` stopped tasks in its store against one with a hundred: memory, CPU, and DescribeTasks. */
export async function benchRecords(count: number): Promise<Row[]> {
  const few = await withRecords(100);
  const many = await withRecords(count);
  const label = `${count.toLocaleString('en-US')} stopped tasks`;
  return [
    ...many.idle.map((row, at): Row => ({
      ...row,
      name: row.name.replace('records', label),
      ...(row.unit === 'MB' ? { floor: few.idle[at]?.value ?? Number.NaN, against: '100 stopped tasks' } : {}),
    })),
    {
      name: `DescribeTasks of one, p99, ${label}`,
      value: many.describeMs,
      unit: 'ms',
      floor: few.describeMs,
      against: '100 stopped tasks',
    },
  ];
}

async function withRecords(count: number): Promise<{ readonly idle: Row[]; readonly describeMs: number }> {
  const home = mkdtempSync(join(tmpdir(), 'stowage-bench-'));
  await writeStoppedTasks(home, count);
  const installation = await startInstallation({}, home);
  try {
    await new Promise((wake) => setTimeout(wake, 5_000));
    const idle = await benchIdle(installation, 15_000, 'records');
    const { ecs } = sdk(installation);
    const times: number[] = [];
    for (let n = 0; n < 3_000; n += 1) {
      const startedAt = nowMs();
      // Those that nobody has asked for before, while there are any.
      const task = stoppedTask((n * 31) % count, 0).arn;
      const { tasks: found } = await ecs.send(new DescribeTasksCommand({ cluster: 'records', tasks: [task] }));
      if (found?.length !== 1) throw new Error(`${task} is not there`);
      if (n >= 500) times.push(nowMs() - startedAt);
    }
    return { idle, describeMs: quantile(times, 0.99) };
  } finally {
    installation.remove();
  }
}

/** Writes a cluster into a home that no control plane uses, and in it `count` tasks of services, which ran and have just stopped. */
async function writeStoppedTasks(home: string, count: number): Promise<void> {
  const store = new Store(allTables, new SqliteJournal(join(home, 'state.sqlite')));
  store.transact((tx) =>
    tx.put(clusters, {
      ...scope,
      arn: clusterArn,
      name: 'records',
      status: 'ACTIVE',
      tags: [],
      settings: [],
      capacityProviders: [],
      defaultCapacityProviderStrategy: [],
      createdAt: systemClock.now(),
    }),
  );
  const now = systemClock.now();
  for (let from = 0; from < count; from += 1_000) {
    store.transact((tx) => {
      for (let n = from; n < Math.min(count, from + 1_000); n += 1) tx.put(tasks, stoppedTask(n, now));
    });
    await store.flushed();
  }
  await store.close();
}

/** A task of a Fargate service as it is left by its life: every member that such a one has, and as long as it is there. */
function stoppedTask(n: number, now: number): Task {
  const hex = createHash('sha256').update(String(n)).digest('hex');
  const service = `service-${n % services}`;
  const id = hex.slice(0, 32);
  const uuid = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
  const privateIp = `172.31.${(n >> 8) % 64}.${n % 256}`;
  const at = (seconds: number): number => now - 60_000 + seconds * 1_000 + (n % 997);
  return {
    ...scope,
    arn: `arn:aws:ecs:us-east-1:000000000000:task/records/${id}`,
    id,
    clusterArn,
    taskDefinitionArn: `arn:aws:ecs:us-east-1:000000000000:task-definition/${service}:${1 + (n % 3)}`,
    family: service,
    group: `service:${service}`,
    startedBy: `ecs-svc/${String(n % services).padStart(19, '1')}`,
    launchType: 'FARGATE',
    platformVersion: '1.4.0',
    platformFamily: 'Linux',
    cpu: '256',
    memory: '512',
    ephemeralStorageGiB: 20,
    overrides: {},
    enableExecuteCommand: false,
    tags: [],
    serviceArn: `arn:aws:ecs:us-east-1:000000000000:service/records/${service}`,
    deploymentId: `ecs-svc/${String(n % services).padStart(19, '1')}`,
    networkConfiguration: {
      subnets: [`subnet-${'0'.repeat(16)}${n % 3}`],
      securityGroups: ['sg-00000000000000001'],
      assignPublicIp: 'DISABLED',
    },
    attachmentId: uuid,
    loadBalancers: [],
    desiredStatus: 'STOPPED',
    stop: {
      code: 'ServiceSchedulerInitiated',
      reason: `Scaling activity initiated by (deployment ecs-svc/${String(n % services).padStart(19, '1')})`,
    },
    lastStatus: 'STOPPED',
    statusAt: {
      PROVISIONING: at(0),
      PENDING: at(0),
      RUNNING: at(1),
      STOPPING: at(40),
      DEPROVISIONING: at(42),
      STOPPED: at(42),
    },
    machineId: 'local-00000000',
    availabilityZone: 'us-east-1a',
    networkInterface: {
      attachmentId: uuid,
      networkInterfaceId: `eni-${hex.slice(32, 49)}`,
      subnetId: `subnet-${'0'.repeat(16)}${n % 3}`,
      vpcId: 'vpc-00000000000000001',
      macAddress: `02:${hex.slice(50, 60).replaceAll(/..(?=.)/g, '$&:')}`,
      privateIp,
      privateDnsName: `ip-${privateIp.replaceAll('.', '-')}.ec2.internal`,
      status: 'DELETED',
    },
    healthStatus: 'UNKNOWN',
    connectivity: 'CONNECTED',
    connectivityAt: at(0),
    createdAt: at(0),
    startedAt: at(1),
    stoppingAt: at(40),
    stoppedAt: at(42),
    version: 7,
    scheduling: { healthyAt: at(1), ended: true },
    reported: {
      status: 'STOPPED',
      ran: true,
      pullStartedAt: at(0),
      pullStoppedAt: at(0),
      executionStoppedAt: at(42),
    },
    containers: [
      {
        arn: `arn:aws:ecs:us-east-1:000000000000:container/records/${id}/${uuid}`,
        name: 'web',
        image: `000000000000.dkr.ecr.us-east-1.amazonaws.com/${service}:1`,
        essential: true,
        cpu: '0',
        lastStatus: 'STOPPED',
        runtimeId: hex,
        imageDigest: `sha256:${createHash('sha256').update(service).digest('hex')}`,
        exitCode: 143,
        networkBindings: [],
      },
    ],
  };
}
