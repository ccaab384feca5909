import { silentLog } from '../base/log.ts';
import { FakeDisk } from '../drivers/disk/fake.ts';
import { FakeCgroups } from '../drivers/cgroups/fake.ts';
import type { PayloadContainer, PayloadTask } from '../wire/acs.ts';
import { loopback } from '../wire/loopback.ts';
import type { AgentMessage, Channel, LogEvent, ServerMessage, UpcomingInterfaces } from '../wire/messages.ts';
import type { VpcSpec } from '../wire/network-spec.ts';
import type { TaskStateChange } from '../wire/submit.ts';
import type { AgentOptions } from './agent.ts';

/** The options of an agent with what `more` says; it keeps no balancers, and neither an API nor a registry is there. */
export function agentOptions(
  more: Pick<AgentOptions, 'connect' | 'docker' | 'network' | 'clock'> & Partial<AgentOptions>,
): AgentOptions {
  return {
    balancers: () => ({
      apply: () => Promise.resolve(),
      keepOnly: () => Promise.resolve(),
      close: () => Promise.resolve(),
    }),
    registryAuth: () => Promise.resolve({ username: 'AWS', password: 'secret', serverAddress: 'registry' }),
    endpoint: 'http://127.0.0.1:9',
    serveApi: (connection) => void connection.destroy(),
    cgroups: new FakeCgroups(),
    disk: new FakeDisk(),
    log: silentLog,
    installationId: '0a0a0a0a',
    machineId: 'local-test',
    arch: 'x64',
    ...more,
  };
}

/** The VPC of the tests: one interface for each task that `payload` makes. */
export function vpcSpec(count = 4): VpcSpec {
  return {
    vpcId: 'vpc-1',
    cidr: '10.0.0.0/16',
    subnets: [{ subnetId: 'subnet-1', cidr: '10.0.0.0/24', gateway: '10.0.0.1', routeTableId: 'rtb-1' }],
    routeTables: [{ routeTableId: 'rtb-1', routes: [] }],
    internetGateway: false,
    natGateways: [],
    securityGroups: [{ groupId: 'sg-1', ingress: [], egress: [] }],
    interfaces: Array.from({ length: count }, (_, index) => ({
      interfaceId: `eni-${index}`,
      kind: 'task' as const,
      subnetId: 'subnet-1',
      privateIp: `10.0.0.${10 + index}`,
      macAddress: `02:00:00:00:00:0${index}`,
      groups: ['sg-1'],
    })),
    hosts: {},
  };
}

/** A container of a payload that runs `script`. */
export function container(name: string, script: string, more: Partial<PayloadContainer> = {}): PayloadContainer {
  return {
    name,
    containerArn: `arn:aws:ecs:us-east-1:000000000000:container/c/t/${name}`,
    image: 'shell:latest',
    essential: true,
    cpu: 0,
    memory: 0,
    entryPoint: ['/bin/sh', '-c'],
    command: [script],
    environment: {},
    overrides: '{}',
    portMappings: [],
    mountPoints: [],
    volumesFrom: [],
    links: [],
    dependsOn: [],
    stopTimeout: 2,
    dockerConfig: { version: '1.18', config: '{}', hostConfig: '{}' },
    ...more,
  };
}

/** The part of `container` that sends output to the group `/app`. */
export const awslogs: Partial<PayloadContainer> = {
  dockerConfig: {
    version: '1.18',
    config: '{}',
    hostConfig: JSON.stringify({
      LogConfig: { Type: 'awslogs', Config: { 'awslogs-group': '/app', 'awslogs-stream-prefix': 'web' } },
    }),
  },
};

/** An awsvpc task on the interface `eni-<index>`. */
export function payload(index: number, containers: readonly PayloadContainer[], run = ''): PayloadTask {
  return {
    arn: `arn:aws:ecs:us-east-1:000000000000:task/test/${run}${String(index).padStart(32, '0')}`,
    taskClusterArn: 'arn:aws:ecs:us-east-1:000000000000:cluster/test',
    family: 'family',
    version: '1',
    desiredStatus: 'RUNNING',
    networkMode: 'awsvpc',
    launchType: 'FARGATE',
    serviceName: '',
    group: 'family:family',
    overrides: '{}',
    cpu: 0.25,
    memory: 512,
    volumes: [],
    elasticNetworkInterfaces: [
      {
        name: 'eth0',
        ec2Id: `eni-${index}`,
        macAddress: `02:00:00:00:00:0${index}`,
        attachmentArn: `arn:aws:ecs:us-east-1:000000000000:attachment/${index}`,
        index: 0,
        interfaceAssociationProtocol: 'default',
        ipv4Addresses: [{ privateAddress: `10.0.0.${10 + index}`, primary: true }],
        subnetGatewayIpv4Address: '10.0.0.1/24',
        domainName: ['ec2.internal'],
        domainNameServers: ['169.254.169.253'],
        privateDnsName: `ip-10-0-0-${10 + index}.ec2.internal`,
      },
    ],
    containers,
  };
}

/**
 * A control plane as small as can be: tells a machine that connects of its VPC and of every task that is not over, keeps
 * what it reports, and stores log events exactly as the protocol says.
 */
export class TestControl {
  readonly vpcs: VpcSpec[] = [vpcSpec()];
  /** What is announced of every VPC. */
  upcoming: readonly UpcomingInterfaces[] = [];
  readonly tasks = new Map<string, PayloadTask>();
  readonly changes: TaskStateChange[] = [];
  readonly messages: AgentMessage[] = [];
  readonly logs = new Map<string, { sequence: number; stream: string; events: LogEvent[] }>();
  /** While true, log events are taken and not acknowledged: `releaseLogs` does it then. */
  holdsLogs = false;
  readonly #held: AgentMessage[] = [];
  /** Answered to every log message, when set. */
  logError: string | undefined;
  #channel: Channel<ServerMessage, AgentMessage> | undefined;
  #count = 0;

  /** Opens a connection for an agent; the one before it is over. */
  connect(): Channel<AgentMessage, ServerMessage> {
    this.#channel?.close();
    const { left, right } = loopback<AgentMessage, ServerMessage>();
    this.#channel = right;
    right.onMessage((message) => this.#receive(message));
    for (const vpc of this.vpcs)
      this.send({ type: 'StowageVpcMessage', message: { messageId: this.#id(), vpc, upcoming: this.upcoming } });
    const live = [...this.tasks.values()].filter(({ arn }) => !this.isStopped(arn));
    if (live.length > 0) this.#sendTasks(live);
    this.send({
      type: 'TaskManifestMessage',
      message: {
        messageId: this.#id(),
        clusterArn: 'cluster',
        containerInstanceArn: 'machine',
        generatedAt: 0,
        timeline: this.#count,
        tasks: live.map(({ arn, taskClusterArn, desiredStatus }) => ({ taskArn: arn, taskClusterArn, desiredStatus })),
      },
    });
    return left;
  }

  /** Whether an agent is connected. */
  get connected(): boolean {
    return this.#channel !== undefined;
  }

  disconnect(): void {
    this.#channel?.close();
    this.#channel = undefined;
  }

  send(message: ServerMessage): void {
    this.#channel?.send(message);
  }

  run(task: PayloadTask): void {
    this.tasks.set(task.arn, task);
    this.#sendTasks([task]);
  }

  stop(arn: string): void {
    const task = this.tasks.get(arn);
    if (task === undefined) return;
    this.run({ ...task, desiredStatus: 'STOPPED' });
  }

  /** What was reported of one task, the containers' last states by name. */
  reported(arn: string): { status: string; containers: Record<string, TaskStateChange['containers'][number]> } {
    const own = this.changes.filter((change) => change.task === arn);
    const containers = Object.fromEntries(
      own.flatMap((change) => change.containers.map((each) => [each.containerName, each] as const)),
    );
    const status = own.some((change) => change.status === 'STOPPED')
      ? 'STOPPED'
      : own.some((change) => change.status === 'RUNNING')
        ? 'RUNNING'
        : 'PENDING';
    return { status, containers };
  }

  isStopped(arn: string): boolean {
    return this.reported(arn).status === 'STOPPED';
  }

  /** All stored lines of a stream, in order. */
  lines(stream: string): string[] {
    return [...this.logs.values()]
      .filter((each) => each.stream === stream)
      .flatMap(({ events }) => events.map(({ message }) => message));
  }

  /** Takes what was held back, and all that follows. */
  releaseLogs(): void {
    this.holdsLogs = false;
    for (const message of this.#held.splice(0)) this.#receive(message);
  }

  #sendTasks(tasks: readonly PayloadTask[]): void {
    this.send({
      type: 'PayloadMessage',
      message: {
        messageId: this.#id(),
        clusterArn: 'cluster',
        containerInstanceArn: 'machine',
        generatedAt: 0,
        seqNum: this.#count,
        tasks,
      },
    });
  }

  #receive(message: AgentMessage): void {
    this.messages.push(message);
    if (message.type === 'SubmitTaskStateChange') this.changes.push(message.message);
    if (message.type !== 'StowageLogEvents') return;
    if (this.holdsLogs && message.message.events.length > 0) {
      this.#held.push(message);
      return;
    }
    const { runtimeId, sequence, events, logStream } = message.message;
    const known = this.logs.get(runtimeId) ?? { sequence: 0, stream: logStream, events: [] };
    this.logs.set(runtimeId, known);
    const { logError: error } = this;
    if (error === undefined && sequence > known.sequence) {
      known.sequence = sequence;
      known.events.push(...events);
    }
    this.send({
      type: 'StowageLogAck',
      message: { runtimeId, sequence: known.sequence, ...(error === undefined ? {} : { error }) },
    });
  }

  #id(): string {
    return `message-${++this.#count}`;
  }
}
