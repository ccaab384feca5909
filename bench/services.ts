import { request } from 'node:http';
import {
  CreateServiceCommand,
  DescribeServicesCommand,
  DescribeTasksCommand,
  ListTasksCommand,
  UpdateServiceCommand,
  type Task,
} from '@aws-sdk/client-ecs';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { must } from '../test/support/clients.ts';
import { startInstallation, type TestInstallation } from '../test/support/installation.ts';
import { OwnEngine } from '../test/support/own-engine.ts';
import { sdk } from '../test/support/web-service.ts';
import { bareContainers } from './bare-docker.ts';
import { cpuSeconds } from './cpu.ts';
import { engineApi, type EngineApi } from './engine-api.ts';
import { benchIdle } from './process.ts';
import { median, nowMs, quantile, type Row } from './report.ts';
import { Swarm } from './swarm.ts';
import { bench as cluster, makeWorkload, pause } from './workload.ts';

const service = 'bench';
const kills = 30;

/**
 * A Fargate service of `count` tasks with a task role, logs in CloudWatch Logs and the metadata endpoint, on an engine of its
 * own: until all run, without sandboxes and with them; what a killed container's replacement takes; how soon an end is seen.
 * Docker Swarm does the same on another engine.
 */
export async function benchServices(count: number): Promise<Row[]> {
  const engine = new OwnEngine();
  const swarm = new Swarm();
  let installation: TestInstallation | undefined;
  try {
    await engine.start();
    installation = await startInstallation({ DOCKER_HOST: engine.socket });
    const bench = await ServiceBench.make(installation, engine);
    await must('docker', ['--host', engine.socket, 'tag', bench.image, 'stowage-bench']);
    await swarm.start(engine.socket, 'stowage-bench');
    const all = `service of ${count} tasks → RUNNING`;

    await bench.scale(1); // The network of the VPC is made at its first task.
    await bench.scale(0);
    const bare = await bareContainers(engine.socket, 'stowage-bench', count, () => bench.cpu());
    const cold = await bench.scale(count);
    const refill = await bench.refilled(count);
    const idle = await benchIdle(installation, 10_000, `${count} tasks`);
    const ends = await bench.killSome(kills);
    const swarmOnce = await swarm.scale(count);
    const swarmReplaced: number[] = [];
    for (let kill = 0; kill < kills; kill += 1) {
      swarmReplaced.push(await swarm.replaced());
      await pause(300);
    }
    await bench.scale(0);
    await swarm.scale(0);
    await swarm.cleared();
    await bench.refilled(count);
    const warm = await bench.scale(count);
    const refillAgain = await bench.refilled(count);
    const swarmAgain = await swarm.scale(count);
    const again = { floor: median([swarmOnce.ms, swarmAgain.ms]), against: 'Docker Swarm' };
    const filled = {
      name: `${all}, with making the next sandboxes`,
      value: warm.cpu + refillAgain.cpu,
      unit: 's of CPU',
    };
    return [
      { name: all, value: cold.ms, unit: 'ms', floor: bare.ms, against: 'bare engine calls' },
      { name: `${all}, sandboxes ready`, value: warm.ms, unit: 'ms', ...again },
      { ...filled, floor: bare.cpu, against: 'bare engine calls' },
      { ...filled, floor: cold.cpu, against: 'without' },
      { name: `${count} sandboxes made when quiet`, value: refill.ms, unit: 'ms' },
      {
        name: 'container killed → replacement RUNNING',
        value: median(ends.map(({ replacedMs }) => replacedMs)),
        unit: 'ms',
        floor: median(swarmReplaced),
        against: 'Docker Swarm, delay 0',
      },
      { name: '`die` event → STOPPED in the API, p50', value: median(ends.map(({ seenMs }) => seenMs)), unit: 'ms' },
      {
        name: '`die` event → STOPPED in the API, p99',
        value: quantile(
          ends.map(({ seenMs }) => seenMs),
          0.99,
        ),
        unit: 'ms',
      },
      ...idle,
    ];
  } finally {
    installation?.remove();
    await swarm.remove();
    await engine.remove();
  }
}

class ServiceBench {
  readonly image: string;
  readonly #installation: TestInstallation;
  readonly #engine: OwnEngine;
  readonly #call: EngineApi;
  readonly #ecs: ReturnType<typeof sdk>['ecs'];

  private constructor(installation: TestInstallation, engine: OwnEngine, image: string) {
    this.image = image;
    this.#installation = installation;
    this.#engine = engine;
    this.#call = engineApi(engine.socket);
    this.#ecs = sdk(installation).ecs;
  }

  static async make(installation: TestInstallation, engine: OwnEngine): Promise<ServiceBench> {
    const { ecs } = sdk(installation);
    const { endpoint } = installation;
    const iam = new IAMClient({
      endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 't', secretAccessKey: 't' },
    });
    const trust = { Effect: 'Allow', Principal: { Service: 'ecs-tasks.amazonaws.com' }, Action: 'sts:AssumeRole' };
    const { Role: role } = await iam.send(
      new CreateRoleCommand({
        RoleName: 'bench',
        AssumeRolePolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [trust] }),
      }),
    );
    const { image, networkConfiguration } = await makeWorkload(
      installation,
      { taskRoleArn: role?.Arn, executionRoleArn: role?.Arn },
      {
        logConfiguration: {
          logDriver: 'awslogs',
          options: {
            'awslogs-group': '/bench',
            'awslogs-region': 'us-east-1',
            'awslogs-stream-prefix': 'web',
            'awslogs-create-group': 'true',
          },
        },
      },
    );
    await ecs.send(
      new CreateServiceCommand({
        cluster,
        serviceName: service,
        taskDefinition: cluster,
        launchType: 'FARGATE',
        desiredCount: 0,
        networkConfiguration,
      }),
    );
    return new ServiceBench(installation, engine, image);
  }

  /** Milliseconds and CPU seconds (of the engine and of us) until `count` tasks run; for 0 until none of theirs is left. */
  async scale(count: number): Promise<{ readonly ms: number; readonly cpu: number }> {
    const before = await this.cpu();
    const startedAt = nowMs();
    await this.#ecs.send(new UpdateServiceCommand({ cluster, service, desiredCount: count }));
    while ((await this.#runningCount()) !== count) await pause(50);
    const ms = nowMs() - startedAt;
    const cpu = (await this.cpu()) - before;
    if (count === 0) await this.#cleared();
    return { ms, cpu };
  }

  async #cleared(): Promise<void> {
    while ((await this.#containers('stowage.task')).length > 0) await pause(200);
  }

  /** Milliseconds and CPU seconds until as many sandboxes wait. */
  async refilled(count: number): Promise<{ readonly ms: number; readonly cpu: number }> {
    const before = await this.cpu();
    const startedAt = nowMs();
    for (;;) {
      const used = (await this.#containers('stowage.pause')).map(({ Labels }) => Labels['stowage.pause']);
      const free = (await this.#containers('stowage.sandbox')).filter(
        ({ Id, State }) => State === 'running' && !used.includes(Id),
      );
      if (free.length >= count) return { ms: nowMs() - startedAt, cpu: (await this.cpu()) - before };
      // Not more often: each look costs the engine some 30 ms of the CPU that is measured here.
      await pause(1_000);
    }
  }

  /** Kills containers of the service, one after the other. */
  async killSome(times: number): Promise<{ readonly seenMs: number; readonly replacedMs: number }[]> {
    const results: { seenMs: number; replacedMs: number }[] = [];
    for (let kill = 0; kill < times; kill += 1) {
      const running = await this.#tasks();
      const [victim] = running;
      const [container] = victim?.containers ?? [];
      const id = container?.runtimeId ?? '';
      const { State } = await this.#call<{ State: { Pid: number } }>('GET', `/containers/${id}/json`);
      const died = dieOf(this.#engine.socket, id);
      await died.listening;
      const startedAt = nowMs();
      process.kill(State.Pid, 'SIGKILL');
      const seenAt = this.#stoppedAt(victim?.taskArn ?? '');
      const seenMs = (await seenAt) - (await died.at);
      while ((await this.#runningCount()) < running.length) await pause(5);
      const others = await this.#tasks();
      if (others.some(({ taskArn }) => taskArn === victim?.taskArn)) throw new Error('the task was not replaced');
      results.push({ seenMs, replacedMs: nowMs() - startedAt });
      // Sandboxes are made again only when it is quiet.
      await pause(3_000);
    }
    return results;
  }

  /** When the API first shows a task as STOPPED, in epoch milliseconds. */
  async #stoppedAt(task: string): Promise<number> {
    for (;;) {
      const { tasks = [] } = await this.#ecs.send(new DescribeTasksCommand({ cluster, tasks: [task] }));
      if (tasks[0]?.lastStatus === 'STOPPED') return performance.timeOrigin + performance.now();
    }
  }

  async #runningCount(): Promise<number> {
    const { services = [] } = await this.#ecs.send(new DescribeServicesCommand({ cluster, services: [service] }));
    return services[0]?.runningCount ?? 0;
  }

  async #tasks(): Promise<Task[]> {
    const { taskArns: tasks = [] } = await this.#ecs.send(new ListTasksCommand({ cluster, serviceName: service }));
    const described = await this.#ecs.send(new DescribeTasksCommand({ cluster, tasks: tasks.slice(0, 100) }));
    return (described.tasks ?? []).filter(({ lastStatus }) => lastStatus === 'RUNNING');
  }

  #containers(label: string): Promise<{ Id: string; State: string; Labels: Record<string, string> }[]> {
    const filters = encodeURIComponent(JSON.stringify({ label: [label] }));
    return this.#call('GET', `/containers/json?all=1&filters=${filters}`);
  }

  /** CPU seconds of the engine and of us, so far. */
  async cpu(): Promise<number> {
    return cpuSeconds([...(await this.#engine.pids()), this.#installation.pid()]);
  }
}

/** The moment of a container's `die` event as the engine stamps it, in epoch milliseconds. */
function dieOf(socket: string, id: string): { readonly listening: Promise<void>; readonly at: Promise<number> } {
  const listening = Promise.withResolvers<void>();
  const at = Promise.withResolvers<number>();
  const filters = encodeURIComponent(JSON.stringify({ container: [id], event: ['die'] }));
  const asked = request({ socketPath: socket.replace('unix://', ''), path: `/events?filters=${filters}` }, (answer) => {
    listening.resolve();
    answer.setEncoding('utf8').on('data', (line: string) => {
      at.resolve((JSON.parse(line.split('\n')[0] ?? '{}') as { timeNano: number }).timeNano / 1e6);
      asked.destroy();
    });
  });
  asked.on('error', (error) => {
    listening.reject(error);
    at.reject(error);
  });
  at.promise.catch(() => {});
  asked.end();
  return { listening: listening.promise, at: at.promise };
}
