import type { Clock } from '../../src/base/clock.ts';
import type { PayloadTask } from '../../src/wire/acs.ts';
import type { AgentMessage, Channel, ServerMessage } from '../../src/wire/messages.ts';
import { changed } from '../../src/wire/network-change.ts';
import { sharesOf, type BalancerSpec } from '../../src/wire/balancer-spec.ts';
import type { VpcSpec } from '../../src/wire/network-spec.ts';
import type { ContainerStateChange } from '../../src/wire/submit.ts';

/**
 * How the tasks of an image fare: `ok` runs until it is stopped; `crash` exits at once; `missing` cannot be pulled; `sick`
 * runs and fails its health checks.
 */
export type Behaviour = 'ok' | 'crash' | 'missing' | 'sick';

/** A task as the scripted machine knows it. */
export interface SimulatedTask {
  readonly payload: PayloadTask;
  state: 'starting' | 'running' | 'stopped';
  /** How often its containers were started. */
  starts: number;
  exitCode?: number;
  reason?: string;
}

const startMs = 300;
const crashMs = 200;
const stopMs = 100;
const healthMs = 500;
const shareMs = 100;

/**
 * The other end of the fleet's sessions in simulations: answers like an agent, runs nothing. It outlives control planes,
 * and writes down what no control plane may do in `faults`.
 */
export class ScriptedAgent {
  readonly tasks = new Map<string, SimulatedTask>();
  readonly faults: string[] = [];
  readonly #clock: Clock;
  #channel: Channel<AgentMessage, ServerMessage> | undefined;
  #lastSequence = 0;
  /** The types of all messages that it got. */
  readonly heard: ServerMessage['type'][] = [];
  /** What it was told of VPCs. */
  readonly vpcs = new Map<string, VpcSpec>();
  /** Targets with a check under way, and those whose health this session was told. */
  readonly #checking = new Set<string>();
  readonly #checked = new Set<string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Begins a session; one before it is over. */
  connect(channel: Channel<AgentMessage, ServerMessage>): void {
    this.#channel?.close();
    this.#channel = channel;
    this.#checked.clear();
    channel.onMessage((message) => {
      if (this.#channel === channel) this.#receive(message);
    });
  }

  disconnect(): void {
    this.#channel?.close();
    this.#channel = undefined;
  }

  running(): SimulatedTask[] {
    return [...this.tasks.values()].filter(({ state }) => state === 'running');
  }

  /** Ends a running task's essential containers from outside. */
  kill(arn: string): void {
    const task = this.tasks.get(arn);
    if (task?.state === 'running') this.#finish(task, 137);
  }

  #receive(message: ServerMessage): void {
    this.heard.push(message.type);
    switch (message.type) {
      case 'HeartbeatMessage':
        return this.#send({ type: 'HeartbeatAckRequest', message: { messageId: message.message.messageId } });
      case 'PayloadMessage':
        this.#rise(message.message.seqNum);
        this.#acknowledge(message.message);
        for (const task of message.message.tasks) this.#take(task);
        return undefined;
      case 'TaskManifestMessage': {
        this.#rise(message.message.timeline);
        this.#acknowledge(message.message);
        const listed = new Set(message.message.tasks.map(({ taskArn }) => taskArn));
        const stopCandidates = [...this.tasks.values()]
          .filter(({ payload, state }) => state !== 'stopped' && !listed.has(payload.arn))
          .map(({ payload }) => ({
            taskArn: payload.arn,
            taskClusterArn: payload.taskClusterArn,
            desiredStatus: 'STOPPED' as const,
          }));
        if (stopCandidates.length === 0) return undefined;
        const { messageId } = message.message;
        return this.#send({ type: 'TaskStopVerificationMessage', message: { messageId, stopCandidates } });
      }
      case 'TaskStopVerificationAck':
        for (const { taskArn } of message.message.stopTasks) {
          const task = this.tasks.get(taskArn);
          if (task !== undefined) this.#finish(task, 137);
        }
        return undefined;
      case 'StowageVpcMessage':
        this.vpcs.set(message.message.vpc.vpcId, message.message.vpc);
        return undefined;
      case 'StowageVpcChange': {
        const { change } = message.message;
        const before = this.vpcs.get(change.vpcId);
        if (before === undefined) throw new Error(`a change of ${change.vpcId}, of which nothing was said`);
        this.vpcs.set(change.vpcId, changed(before, change));
        return undefined;
      }
      case 'StowageManifestMessage':
        for (const id of this.vpcs.keys()) if (!message.message.vpcIds.includes(id)) this.vpcs.delete(id);
        return undefined;
      case 'StowageBalancerMessage':
        this.#serve(message.message.balancer);
        for (const group of message.message.balancer.targetGroups) {
          for (const { id, port, draining, lastHealth } of group.targets) {
            const ref = { targetGroupArn: group.targetGroupArn, id, port };
            if (draining) this.#send({ type: 'StowageTargetHealth', message: { ...ref, state: 'draining' } });
            else if (lastHealth === 'initial' || !this.#checked.has(`${id}:${port}`))
              this.#check(ref.targetGroupArn, id, port);
          }
        }
        return undefined;
      default:
        return undefined;
    }
  }

  /** A load balancer takes a moment to do as it is told. */
  #serve(balancer: BalancerSpec): void {
    const shares = sharesOf(balancer);
    const message = {
      kind: 'balancer' as const,
      id: balancer.loadBalancerArn,
      ...(shares.length > 0 ? { shares } : {}),
    };
    void this.#clock.after(shareMs, () => this.#send({ type: 'StowageApplied', message }));
  }

  #take(payload: PayloadTask): void {
    const known = this.tasks.get(payload.arn);
    if (payload.desiredStatus === 'STOPPED') {
      if (known === undefined) return this.#report(payload, 'STOPPED', []);
      if (known.state === 'stopped') return this.#tell(known);
      void this.#clock.after(stopMs, () => this.#finish(known, 143));
      return undefined;
    }
    if (known !== undefined) {
      this.#tell(known);
      return this.#publish(known);
    }
    for (const { privateAddress } of payload.elasticNetworkInterfaces.flatMap((one) => one.ipv4Addresses)) {
      const there = [...this.vpcs.values()].some((vpc) =>
        vpc.interfaces.some((one) => one.privateIp === privateAddress),
      );
      if (!there) this.faults.push(`${payload.arn} came before its interface`);
      const rival = [...this.tasks.values()].find(
        (task) => task.state !== 'stopped' && addressOf(task.payload) === privateAddress,
      );
      if (rival !== undefined) this.faults.push(`${payload.arn} was given the address of ${rival.payload.arn}`);
    }
    const task: SimulatedTask = { payload, state: 'starting', starts: 0 };
    this.tasks.set(payload.arn, task);
    void this.#clock.after(startMs, () => this.#start(task));
  }

  #start(task: SimulatedTask): void {
    if (task.state !== 'starting') return;
    const behaviour = behaviourOf(task.payload);
    if (behaviour === 'missing') {
      task.reason = `CannotPullContainerError: failed to resolve ref ${task.payload.containers[0]?.image ?? ''}: not found`;
      task.state = 'stopped';
      return this.#tell(task);
    }
    task.state = 'running';
    task.starts += 1;
    if (task.starts > 1) this.faults.push(`${task.payload.arn} was started twice`);
    this.#tell(task);
    if (behaviour === 'crash') void this.#clock.after(crashMs, () => this.#finish(task, 1));
    return this.#publish(task);
  }

  /** What the container health checks say, after a while. */
  #publish(task: SimulatedTask): void {
    const checked = task.payload.containers.some(({ healthCheckType }) => healthCheckType !== undefined);
    if (!checked || task.state !== 'running') return;
    void this.#clock.after(healthMs, () => this.#send(this.#healthOf(task)));
  }

  #healthOf(task: SimulatedTask): AgentMessage {
    const healthStatus: 'HEALTHY' | 'UNHEALTHY' = behaviourOf(task.payload) === 'sick' ? 'UNHEALTHY' : 'HEALTHY';
    const containers = task.payload.containers.map(({ name }) => ({
      containerName: name,
      healthStatus,
      statusSince: this.#clock.now(),
    }));
    return { type: 'PublishHealthRequest', message: { tasks: [{ taskArn: task.payload.arn, containers }] } };
  }

  #finish(task: SimulatedTask, exitCode: number): void {
    if (task.state === 'stopped') return;
    task.state = 'stopped';
    task.exitCode = exitCode;
    this.#tell(task);
  }

  /** Reports a task as it is now. */
  #tell(task: SimulatedTask): void {
    if (task.state === 'starting') return;
    const status = task.state === 'running' ? 'RUNNING' : 'STOPPED';
    const containers = task.payload.containers.map((container): ContainerStateChange => ({
      containerName: container.name,
      runtimeId: `${task.payload.arn}-${container.name}`,
      status,
      ...(task.exitCode === undefined ? {} : { exitCode: task.exitCode }),
      ...(task.reason === undefined ? {} : { reason: task.reason }),
    }));
    this.#report(task.payload, status, containers);
  }

  #report(payload: PayloadTask, status: 'RUNNING' | 'STOPPED', containers: ContainerStateChange[]): void {
    this.#send({
      type: 'SubmitTaskStateChange',
      message: { cluster: payload.taskClusterArn, task: payload.arn, status, reason: '', containers },
    });
  }

  #check(targetGroupArn: string, id: string, port: number): void {
    const key = `${id}:${port}`;
    if (this.#checking.has(key)) return;
    this.#checking.add(key);
    void this.#clock.after(healthMs, () => {
      this.#checking.delete(key);
      this.#checked.add(key);
      const task = this.running().find(({ payload }) => addressOf(payload) === id);
      const well = task !== undefined && behaviourOf(task.payload) !== 'sick';
      this.#send({
        type: 'StowageTargetHealth',
        message: {
          targetGroupArn,
          id,
          port,
          ...(well
            ? { state: 'healthy' }
            : { state: 'unhealthy', reason: 'Target.FailedHealthChecks', description: 'Health checks failed' }),
        },
      });
    });
  }

  #rise(sequence: number): void {
    if (sequence <= this.#lastSequence) this.faults.push(`sequence fell from ${this.#lastSequence} to ${sequence}`);
    this.#lastSequence = sequence;
  }

  #acknowledge(message: { clusterArn: string; containerInstanceArn: string; messageId: string }): void {
    const { clusterArn: cluster, containerInstanceArn: containerInstance, messageId } = message;
    this.#send({ type: 'AckRequest', message: { cluster, containerInstance, messageId } });
  }

  #send(message: AgentMessage): void {
    this.#channel?.send(message);
  }
}

/** The private address of a task. */
export function addressOf(payload: PayloadTask): string | undefined {
  return payload.elasticNetworkInterfaces[0]?.ipv4Addresses[0]?.privateAddress;
}

function behaviourOf(payload: PayloadTask): Behaviour {
  const tag = payload.containers[0]?.image.split(':')[1];
  return tag === 'crash' || tag === 'missing' || tag === 'sick' ? tag : 'ok';
}
