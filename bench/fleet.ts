import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import {
  CreateClusterCommand,
  CreateServiceCommand,
  DescribeServicesCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import type { TestInstallation } from '../test/support/installation.ts';
import { sdk } from '../test/support/web-service.ts';
import { Crowd } from './agents/crowd.ts';
import type { Order } from './agents/orders.ts';
import { post, type Keys } from './agents/signed-calls.ts';
import { median, nowMs, quantile, type Row } from './report.ts';

const cluster = 'bench';
const processes = 4;
const publishMs = 4_000;
const rounds = 3;
const runs = 200;

/** `count` simulated agents over real websockets on one control plane, against a bare server of the `ws` library. */
export async function benchFleet(installation: TestInstallation, count: number): Promise<Row[]> {
  const crowd = new Crowd(processes);
  const bare = fork(new URL('agents/bare-sockets.ts', import.meta.url));
  try {
    const barePort = await new Promise<number>((resolve) => bare.once('message', (port) => resolve(port as number)));
    return await measure(installation, crowd, { count, barePort, barePid: bare.pid ?? 0 });
  } finally {
    crowd.end();
    bare.kill();
  }
}

async function measure(
  installation: TestInstallation,
  crowd: Crowd,
  { count, barePort, barePid }: { readonly count: number; readonly barePort: number; readonly barePid: number },
): Promise<Row[]> {
  const { ecs } = sdk(installation);
  await ecs.send(new CreateClusterCommand({ clusterName: cluster }));
  const { taskDefinition } = await ecs.send(
    new RegisterTaskDefinitionCommand({
      family: 'bench',
      networkMode: 'bridge',
      requiresCompatibilities: ['EC2'],
      containerDefinitions: [{ name: 'web', image: 'web:1', cpu: 64, memory: 64 }],
    }),
  );
  const attributes = (taskDefinition?.requiresAttributes ?? []).map(({ name }) => name ?? '');
  const keys = await temporaryKeys(installation);
  const rows: Row[] = [];

  const bareBefore = residentKb(barePid);
  const bareJoin = await timed(() => crowd.order({ kind: 'join-bare', count, port: barePort }));
  const bareEach = (residentKb(barePid) - bareBefore) / count;
  const pid = installation.pid();
  const before = residentKb(pid);
  const join = await timed(() =>
    crowd.order({ kind: 'join', count, endpoint: installation.endpoint, cluster, keys, attributes }),
  );
  const against = 'bare ws server';
  rows.push(
    { name: `${named(count)} agents registered and connected`, value: join, unit: 'ms', floor: bareJoin, against },
    {
      name: 'memory of the control plane for each agent',
      value: (residentKb(pid) - before) / count,
      unit: 'kB',
      floor: bareEach,
      against,
    },
  );

  const published: number[] = [];
  const barePublished: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const { rate, bytes } = await perSecond(crowd, { kind: 'publish', untilMs: nowMs() + publishMs });
    published.push(rate);
    const floor = await perSecond(crowd, { kind: 'publish-bare', untilMs: nowMs() + publishMs, bytes });
    barePublished.push(floor.rate);
  }
  rows.push({
    name: 'signed telemetry frames, acknowledged',
    value: median(published),
    unit: '/s',
    floor: median(barePublished),
    against: 'bare ws echo',
    rate: true,
  });

  const { ours, floor, payload } = await runTasks(ecs, crowd, barePort);
  for (const [name, q] of [
    ['p50', 0.5],
    ['p99', 0.99],
  ] as const) {
    rows.push({
      name: `RunTask → payload at its agent, ${name}`,
      value: quantile(ours, q),
      unit: 'ms',
      floor: quantile(floor, q),
      against: 'bare POST → frame',
    });
  }
  return [...rows, ...(await tellAll(ecs, crowd, { count, barePort, payload }))];
}

/** From calling RunTask until the payload came to the agent, one after the other; and a POST that makes a bare server send as much. */
async function runTasks(ecs: ReturnType<typeof sdk>['ecs'], crowd: Crowd, barePort: number) {
  const ours: number[] = [];
  const floor: number[] = [];
  let bytes = 0;
  for (let run = 0; run < runs; run += 1) {
    const told = crowd.payloads(1, 'RUNNING');
    const startedAt = nowMs();
    const answer = ecs.send(new RunTaskCommand({ cluster, taskDefinition: 'bench', launchType: 'EC2' }));
    const [payload] = await told;
    ours.push((payload?.atMs ?? Number.NaN) - startedAt);
    bytes = payload?.bytes ?? bytes;
    const failed = (await answer).failures?.[0];
    if (failed !== undefined) throw new Error(`RunTask: ${failed.reason}`);
    const frame = crowd.frames(1);
    const from = nowMs();
    const posted = post(new URL(`http://127.0.0.1:${barePort}/one`), 'x'.repeat(bytes));
    floor.push((await frame) - from);
    await posted;
  }
  return { ours, floor, payload: bytes };
}

/** A change that concerns every agent: a service with a task on each, and with none. */
async function tellAll(
  ecs: ReturnType<typeof sdk>['ecs'],
  crowd: Crowd,
  { count, barePort, payload }: { readonly count: number; readonly barePort: number; readonly payload: number },
): Promise<Row[]> {
  await ecs.send(
    new CreateServiceCommand({
      cluster,
      serviceName: 'all',
      taskDefinition: 'bench',
      desiredCount: 0,
      launchType: 'EC2',
    }),
  );
  const scaled = async (desiredCount: number, wish: string): Promise<number> => {
    const told = crowd.payloads(count, wish);
    const startedAt = nowMs();
    await ecs.send(new UpdateServiceCommand({ cluster, service: 'all', desiredCount }));
    return Math.max(...(await told).map(({ atMs }) => atMs)) - startedAt;
  };
  const runningCount = async (wanted: number): Promise<void> => {
    for (;;) {
      const { services } = await ecs.send(new DescribeServicesCommand({ cluster, services: ['all'] }));
      if (services?.[0]?.runningCount === wanted) return;
      await new Promise((wake) => setTimeout(wake, 20));
    }
  };
  const started: number[] = [];
  const running: number[] = [];
  const stopped: number[] = [];
  const floor: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const from = nowMs();
    started.push(await scaled(count, 'RUNNING'));
    await runningCount(count);
    running.push(nowMs() - from);
    stopped.push(await scaled(0, 'STOPPED'));
    const last = crowd.frames(count);
    const at = nowMs();
    await post(new URL(`http://127.0.0.1:${barePort}/all`), 'x'.repeat(payload));
    floor.push((await last) - at);
  }
  const against = 'bare ws broadcast';
  return [
    {
      name: `service of ${named(count)} tasks → told the last agent`,
      value: median(started),
      unit: 'ms',
      floor: median(floor),
      against,
    },
    { name: `service of ${named(count)} tasks → all counted RUNNING`, value: median(running), unit: 'ms' },
    {
      name: `service to none → told the last agent to stop`,
      value: median(stopped),
      unit: 'ms',
      floor: median(floor),
      against,
    },
  ];
}

/** Credentials that were issued by the control plane: what is signed with them is verified. */
async function temporaryKeys({ endpoint }: TestInstallation): Promise<Keys> {
  const config = { endpoint, region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
  const { Role } = await new IAMClient(config).send(
    new CreateRoleCommand({
      RoleName: 'ecsInstanceRole',
      AssumeRolePolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' }],
      }),
    }),
  );
  const { Credentials } = await new STSClient(config).send(
    new AssumeRoleCommand({ RoleArn: Role?.Arn, RoleSessionName: 'bench' }),
  );
  return {
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken ?? '',
  };
}

async function perSecond(crowd: Crowd, order: Order): Promise<{ readonly rate: number; readonly bytes: number }> {
  const startedAt = nowMs();
  const reports = (await crowd.order(order)).filter((report) => 'acknowledged' in report);
  const all = reports.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  return { rate: all / ((nowMs() - startedAt) / 1000), bytes: reports[0]?.bytes ?? 0 };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = nowMs();
  await work();
  return nowMs() - startedAt;
}

/** The memory of a process, in kB. */
function residentKb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
}

function named(count: number): string {
  return count.toLocaleString('en-US');
}
