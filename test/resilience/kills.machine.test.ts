import { readdirSync, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest';
import {
  CreateServiceCommand,
  DeleteServiceCommand,
  DescribeServicesCommand,
  DescribeTasksCommand,
  ListServicesCommand,
  ListTasksCommand,
  RunTaskCommand,
  StopTaskCommand,
  UpdateServiceCommand,
  type Task,
} from '@aws-sdk/client-ecs';
import { DescribeNetworkInterfacesCommand, DescribeVpcsCommand } from '@aws-sdk/client-ec2';
import { DescribeTargetHealthCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { seededIds } from '../../src/base/ids.ts';
import { askMaster, parseServers } from '../../src/drivers/balancer/master-cli.ts';
import { atLength } from '../support/length.ts';
import { eventually, must, pushHello } from '../support/clients.ts';
import { taskContainers } from '../support/containers.ts';
import { gone, startInstallation, type TestInstallation } from '../support/installation.ts';
import { createWebService, sdk, type WebService } from '../support/web-service.ts';

/** How often the control plane is killed; `STOWAGE_TEST_KILLS=100` for a long night. */
const kills = Number(process.env['STOWAGE_TEST_KILLS'] ?? atLength(2, 8));
/** The same seed draws the same operations and moments. */
const seed = Number(process.env['STOWAGE_TEST_SEED'] ?? Date.now() % 1_000_000);

/** When the control plane is killed: at any moment, or just after something that leaves much undone. */
const moments = ['any', 'container-create', 'pause-start', 'balancer-change'] as const;

describe(`a control plane that is killed ${kills} times (STOWAGE_TEST_SEED=${seed})`, () => {
  const count = 6;
  const random = seededIds(seed);
  const pick = <Item>(items: readonly Item[]): Item | undefined => items[Math.floor(random.random() * items.length)];
  let installation: TestInstallation;
  let service: WebService;
  let id = '';
  beforeAll(async () => {
    console.log(`seed ${seed}`);
    installation = await startInstallation();
    id = (JSON.parse(installation.stowage('status', '--json')) as { installation: string }).installation;
    const image = await pushHello(installation, 'kills', '1');
    service = await createWebService(installation, { name: 'kills', image, count });
  });
  afterAll(() => installation.remove());

  /** Resolves at a moment of the kind asked for, or after two seconds in which there was none. */
  async function momentOf(kind: (typeof moments)[number]): Promise<void> {
    const delayMs = random.random() * (kind === 'any' ? 1500 : 60);
    const come = Promise.withResolvers<void>();
    const limit = setTimeout(come.resolve, kind === 'any' ? 0 : 2000);
    const watcher = watch(join(installation.home, 'balancers'), { recursive: true }, () => {
      if (kind === 'balancer-change') come.resolve();
    });
    const action = kind === 'pause-start' ? 'start' : 'create';
    const events = spawn(
      'docker',
      ['events', '--filter', `label=stowage.installation=${id}`, '--filter', `event=${action}`],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    events.stdout.on('data', () => {
      if (kind !== 'balancer-change') come.resolve();
    });
    await come.promise;
    await new Promise((wake) => setTimeout(wake, delayMs));
    clearTimeout(limit);
    watcher.close();
    events.kill();
  }

  it('loses and leaves nothing', async () => {
    const { ecs, ec2, elbv2 } = sdk(installation, { maxAttempts: 1 });
    onTestFailed(() => {
      console.log(`STOWAGE_TEST_SEED=${seed}`);
      console.log(readFileSync(join(installation.home, 'control-plane.log'), 'utf8').slice(-6000));
    });
    const cluster = service.name;
    const { placement } = service;
    /** What was acknowledged. What was not may have been done all the same: its answer may be what was lost. */
    const started = new Set<string>();
    const stopped = new Set<string>();
    const perhapsStopped = new Set<string>();
    const extras: string[] = [];
    const over = new AbortController();
    let acknowledged = 0;
    let lost = 0;

    const operations: (() => Promise<void>)[] = [
      async () => {
        // The machine is not what is tested here.
        if (started.size - perhapsStopped.size > 8) return;
        const assignPublicIp = random.random() < 0.5 ? 'ENABLED' : 'DISABLED';
        const ran = await ecs.send(
          new RunTaskCommand({
            cluster,
            taskDefinition: service.name,
            launchType: 'FARGATE',
            startedBy: 'churn',
            count: 1 + Math.floor(random.random() * 2),
            networkConfiguration: { awsvpcConfiguration: { ...placement, assignPublicIp } },
          }),
        );
        for (const { taskArn = '' } of ran.tasks ?? []) started.add(taskArn);
      },
      async () => {
        const task = pick([...started].filter((arn) => !perhapsStopped.has(arn)));
        if (task === undefined) return;
        perhapsStopped.add(task);
        await ecs.send(new StopTaskCommand({ cluster, task }));
        stopped.add(task);
      },
      async () => {
        const desiredCount = count - 1 + Math.floor(random.random() * 3);
        await ecs.send(new UpdateServiceCommand({ cluster, service: service.name, desiredCount }));
      },
      async () => {
        await ecs.send(new UpdateServiceCommand({ cluster, service: service.name, forceNewDeployment: true }));
      },
      async () => {
        const made = extras.at(-1);
        if (made !== undefined) {
          await ecs.send(new DeleteServiceCommand({ cluster, service: made, force: true }));
          extras.pop();
          return;
        }
        const name = `extra-${random.hex(6)}`;
        await ecs.send(
          new CreateServiceCommand({
            cluster,
            serviceName: name,
            taskDefinition: service.name,
            desiredCount: 2,
            launchType: 'FARGATE',
            networkConfiguration: { awsvpcConfiguration: placement },
          }),
        );
        extras.push(name);
      },
    ];
    const churn = async (): Promise<void> => {
      while (!over.signal.aborted) {
        try {
          await pick(operations)?.();
          acknowledged += 1;
        } catch {
          // The control plane was dead, or died.
          lost += 1;
        }
        await new Promise((wake) => setTimeout(wake, random.random() * 300));
      }
    };

    const churned = churn();
    for (let round = 0; round < kills; round++) {
      const pid = installation.pid();
      await momentOf(moments[round % moments.length] ?? 'any');
      process.kill(pid, 'SIGKILL');
      await gone(pid);
      installation.stowage('up', '--detach');
    }
    over.abort();
    await churned;
    expect(acknowledged).toBeGreaterThan(0);
    console.log(`${acknowledged} operations acknowledged, ${lost} not`);

    // What is to remain is said once more, now that everybody listens.
    const { serviceArns = [] } = await ecs.send(new ListServicesCommand({ cluster }));
    for (const arn of serviceArns) {
      if (arn.includes('/extra-')) await ecs.send(new DeleteServiceCommand({ cluster, service: arn, force: true }));
    }
    await ecs.send(new UpdateServiceCommand({ cluster, service: service.name, desiredCount: count }));

    const tasksOf = async (desiredStatus: 'RUNNING' | 'STOPPED'): Promise<Task[]> => {
      const found: Task[] = [];
      let nextToken: string | undefined;
      do {
        const page = await ecs.send(new ListTasksCommand({ cluster, desiredStatus, ...(nextToken && { nextToken }) }));
        nextToken = page.nextToken;
        const arns = page.taskArns ?? [];
        if (arns.length > 0) {
          found.push(...((await ecs.send(new DescribeTasksCommand({ cluster, tasks: arns }))).tasks ?? []));
        }
      } while (nextToken !== undefined);
      return found;
    };
    await eventually('everything is as it is wanted', 90_000, async () => {
      const live = [...(await tasksOf('RUNNING')), ...(await tasksOf('STOPPED'))];
      const others = live.filter(({ lastStatus, startedBy }) => lastStatus === 'RUNNING' && startedBy !== 'churn');
      expect(others).toHaveLength(count);
      expect(live.filter((task) => task.lastStatus !== 'RUNNING' && task.lastStatus !== 'STOPPED')).toEqual([]);
      expect(await service.healthyTargets()).toBe(count);
      const { services } = await ecs.send(new DescribeServicesCommand({ cluster, services: [service.name] }));
      expect(services?.[0]).toMatchObject({ status: 'ACTIVE', runningCount: count, pendingCount: 0 });
      expect(services?.[0]?.deployments).toHaveLength(1);
      expect(services?.[0]?.events?.[0]?.message).toBe(`(service ${service.name}) has reached a steady state.`);
      return true;
    });

    // Every acknowledged task is known, and every stopped one stopped.
    for (const arn of started) {
      const [task] = (await ecs.send(new DescribeTasksCommand({ cluster, tasks: [arn] }))).tasks ?? [];
      if (stopped.has(arn)) expect(task?.lastStatus, arn).toBe('STOPPED');
      else if (perhapsStopped.has(arn)) expect(task, arn).toBeDefined();
      else expect(task?.lastStatus, `${arn} ${task?.stoppedReason}`).toBe('RUNNING');
    }

    await eventually('nothing is left over', 10_000, async () => {
      const running = await tasksOf('RUNNING');
      const addressOf = (task: Task): string => task.containers?.[0]?.networkInterfaces?.[0]?.privateIpv4Address ?? '';
      const addresses = running.map(addressOf).sort();
      expect(new Set(addresses).size, 'no address twice').toBe(running.length);

      // Each task has its container and its pause container, and nobody else has one that runs.
      const found = await taskContainers(installation);
      const containers = found.map(({ task, container }) => `${task} ${container}`).sort();
      const expected = running.flatMap(({ taskArn = '' }) => [`${taskArn} web`, `${taskArn} ~internal~ecs~pause`]);
      expect(containers).toEqual(expected.sort());

      // One namespace, in it one link for each task, each in front of its own address.
      const { Vpcs = [] } = await ec2.send(new DescribeVpcsCommand({}));
      const namespaces = readdirSync('/run/netns').filter((name) => name.startsWith(`stowage-${id}-`));
      expect(namespaces).toHaveLength(Vpcs.length);
      const inside = (...command: string[]): Promise<string> =>
        must('ip', ['netns', 'exec', namespaces[0] ?? '', ...command]);
      const links = JSON.parse(await inside('ip', '-j', 'link')) as { ifname: string; ifalias?: string }[];
      const taskLinks = links.filter(({ ifname }) => /^t[0-9a-f]{14}$/.test(ifname));
      expect(taskLinks).toHaveLength(running.length);
      const routes = JSON.parse(await inside('ip', '-j', 'route')) as { dst: string; dev?: string }[];
      const routed = routes.filter(({ dev }) => taskLinks.some(({ ifname }) => ifname === dev)).map(({ dst }) => dst);
      expect(routed.sort()).toEqual(addresses);

      // The interfaces that EC2 knows are those of the tasks and of the balancer.
      const { NetworkInterfaces = [] } = await ec2.send(new DescribeNetworkInterfacesCommand({}));
      const known = NetworkInterfaces.filter(({ InterfaceType }) => InterfaceType === 'interface');
      const balancerOwn = known.filter(({ Description }) => Description?.startsWith('ELB ') === true);
      expect(known.length - balancerOwn.length).toBe(running.length);
      // Public addresses lead to those alone.
      const hostRoutes = JSON.parse(await must('ip', ['-j', 'route'])) as { dst: string; dev?: string }[];
      const publicRoutes = hostRoutes.filter(({ dev }) => dev?.startsWith(`sw${id}`) === true).map(({ dst }) => dst);
      const publicAddresses = known.map(({ Association }) => Association?.PublicIp).filter((ip) => ip !== undefined);
      expect(publicRoutes.sort()).toEqual(publicAddresses.sort());

      // One HAProxy, whose servers are the registered targets.
      const health = await elbv2.send(new DescribeTargetHealthCommand({ TargetGroupArn: service.targetGroupArn }));
      const targets = (health.TargetHealthDescriptions ?? []).map(({ Target }) => `${Target?.Id}:${Target?.Port}`);
      const folders = readdirSync(join(installation.home, 'balancers'));
      expect(folders).toHaveLength(1);
      const socket = join(installation.home, 'balancers', folders[0] ?? '', 'master.sock');
      const servers = parseServers(await askMaster(socket, '@1 show servers state'));
      expect(servers.filter(({ backend }) => backend.startsWith('tg_')).map(({ name }) => name)).toSatisfy(
        (names: string[]) => JSON.stringify(names.toSorted()) === JSON.stringify(targets.toSorted()),
      );
      const masters = await must('pgrep', ['-f', `^haproxy.* -S ${installation.home}/balancers`]);
      const leaders = masters
        .split('\n')
        .filter((pid) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[5] === pid);
      expect(leaders).toHaveLength(1);
      return true;
    });
    expect(await must('curl', ['-fsS', '--max-time', '5', service.url])).toContain('Hello from a container');
  });
});
