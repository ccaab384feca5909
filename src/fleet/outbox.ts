import { messageOf } from '../base/errors.ts';
import { balancerHost, type Machine } from '../model/fleet/machine.ts';
import { reached, type Task } from '../model/ecs/task.ts';
import { instances, subnets, vpcs } from '../store/tables/ec2.ts';
import { taskDefinitions, tasks } from '../store/tables/ecs.ts';
import { loadBalancers } from '../store/tables/elbv2.ts';
import { applied, appliedKey, machines } from '../store/tables/fleet.ts';
import type { PayloadTask } from '../wire/acs.ts';
import type { BalancerSpec } from '../wire/balancer-spec.ts';
import type { ServerMessage, UpcomingInterfaces } from '../wire/messages.ts';
import { changeOf, inOrder, isNothing } from '../wire/network-change.ts';
import type { VpcSpec } from '../wire/network-spec.ts';
import { upcomingChangeOf } from '../wire/upcoming-change.ts';
import type { Concerns } from './concerns.ts';
import type { FleetDeps } from './deps.ts';
import { upcomingInterfaces } from './interface-names.ts';
import { needsExecutionRole, UnassumableRoleError } from './translate-secrets.ts';
import { accountPrincipal, accountSetting } from '../store/account-settings.ts';
import { roleOf, TaskRoles } from './task-roles.ts';
import { instanceOn, translateInstance } from './translate-instance.ts';
import { translateTask } from './translate-task.ts';
import { translateVpc } from './translate-vpc.ts';
import { partOf } from './vpc-parts.ts';

/** How many tasks one payload message holds at most. */
const tasksPerPayload = 50;

/** How many sequence numbers one commit reserves. */
const sequenceBlock = 1_000;

/** What a machine should do about a task that is placed on it; `undefined`: it needs to hear nothing (more) of it. */
export function wantOf(task: Task, machineId: string): 'RUNNING' | 'STOPPED' | undefined {
  if (task.machineId !== machineId || task.reported.status === 'STOPPED') return undefined;
  if (!reached(task.lastStatus, 'PENDING') || reached(task.lastStatus, 'DEPROVISIONING')) return undefined;
  return task.lastStatus === 'STOPPING' ? 'STOPPED' : 'RUNNING';
}

/**
 * What one machine has been told in one session, and so what is new to it. Composing reads the store and writes only the
 * reservation of sequence numbers; sending is the session's.
 */
export class Outbox {
  readonly #deps: FleetDeps;
  readonly #machineId: string;
  readonly #extras: boolean;
  readonly #carriesBalancers: boolean;
  readonly #resolveImage: FleetDeps['resolveImage'];
  /** Where CloudWatch Logs is, of an engine that is to deliver logs itself: our own agent does that. */
  readonly #logsEndpoint: string | undefined;
  readonly #address: Pick<Machine, 'clusterArn' | 'containerInstanceArn'>;
  readonly #tasks = new Map<string, 'RUNNING' | 'STOPPED'>();
  readonly #roles: TaskRoles;
  /** What was last said of each VPC, and of load balancers and instances as text. */
  readonly #vpcs = new Map<string, { readonly spec: VpcSpec; readonly upcoming: readonly UpcomingInterfaces[] }>();
  readonly #balancers = new Map<string, string>();
  readonly #instances = new Map<string, string>();
  #sequence: number;
  #reserved: number;

  constructor(deps: FleetDeps, machine: Machine) {
    this.#deps = deps;
    this.#roles = new TaskRoles(deps);
    this.#machineId = machine.id;
    this.#address = machine;
    this.#extras = machine.attributes.some(({ name }) => name === 'stowage.vpc');
    this.#carriesBalancers = machine.attributes.some(({ name }) => name === balancerHost);
    this.#resolveImage = (image, scope) => deps.resolveImage(image, scope, machine.registryHost);
    const isOurs = machine.attributes.some(({ name }) => name.startsWith('stowage.'));
    this.#logsEndpoint = isOurs || machine.registryHost === undefined ? undefined : `http://${machine.registryHost}`;
    this.#sequence = machine.lastSequence;
    this.#reserved = machine.lastSequence;
  }

  /** Everything, for a machine that has just connected: networks first, then what stands in them, then what ought to be. */
  composeAll(): ServerMessage[] {
    const { store } = this.#deps;
    const all: Concerns = {
      tasks: new Map([[this.#machineId, new Set(store.by(tasks, 'machine', this.#machineId).map(({ arn }) => arn))]]),
      vpcs: new Set(store.list(vpcs).map(({ id }) => id)),
      balancers: new Set(store.list(loadBalancers).map(({ arn }) => arn)),
      instances: new Set(store.by(instances, 'host', this.#machineId).map(({ id }) => id)),
    };
    const messages = this.compose(all);
    const manifest = this.#extrasManifest();
    return [...messages, this.#taskManifest(), ...(this.#extras ? [manifest] : [])];
  }

  /** What is new of what `concerns` names. A task comes after the VPC that holds its interface. */
  compose(concerns: Concerns): ServerMessage[] {
    const messages: ServerMessage[] = [];
    let gone = false;
    if (this.#extras) {
      for (const id of concerns.vpcs) gone = this.#addVpc(id, messages) || gone;
      for (const id of concerns.instances) gone = this.#addInstance(id, messages) || gone;
      if (this.#carriesBalancers) {
        for (const arn of concerns.balancers) gone = this.#addBalancer(arn, messages) || gone;
      }
    }
    const payload = [...(concerns.tasks.get(this.#machineId) ?? [])].flatMap((arn) => this.#payloadOf(arn) ?? []);
    for (let at = 0; at < payload.length; at += tasksPerPayload) {
      messages.push({
        type: 'PayloadMessage',
        message: {
          ...this.#addressed(),
          generatedAt: this.#deps.clock.now(),
          seqNum: this.#nextSequence(),
          tasks: payload.slice(at, at + tasksPerPayload),
        },
      });
    }
    if (gone) messages.push(this.#extrasManifest());
    return messages;
  }

  /** Credentials that take the place of earlier ones: of tasks and instances whose sessions are over soon. */
  composeCredentials(): ServerMessage[] {
    const messages = this.#roles.renewals(this.#tasks.keys());
    for (const id of this.#instances.keys()) this.#addInstance(id, messages);
    return messages;
  }

  /** Adds what is new of a VPC; answers whether one the machine knows is gone. */
  #addVpc(id: string, messages: ServerMessage[]): boolean {
    const { store, ids, tunnels } = this.#deps;
    const whole = translateVpc(store, id);
    const part = whole && partOf(store, whole, this.#machineId, tunnels.port);
    if (part === undefined) {
      this.#forget('vpc', id);
      return this.#vpcs.delete(id);
    }
    const spec = inOrder(part);
    const told = this.#vpcs.get(id);
    const messageId = ids.uuid();
    const upcoming = upcomingInterfaces(store, id);
    if (told === undefined) {
      messages.push({ type: 'StowageVpcMessage', message: { messageId, vpc: spec, upcoming } });
    } else {
      const change = changeOf(told.spec, spec);
      // What comes next is only a guess: that it changed alone is not worth a message.
      if (isNothing(change)) return false;
      const message = { messageId, change, upcoming: upcomingChangeOf(told.upcoming, upcoming) };
      messages.push({ type: 'StowageVpcChange', message });
    }
    this.#vpcs.set(id, { spec, upcoming });
    return false;
  }

  #addBalancer(arn: string, messages: ServerMessage[]): boolean {
    const { store, ids, translateBalancer } = this.#deps;
    const balancer = translateBalancer(store, arn);
    if (balancer === undefined) {
      this.#forget('balancer', arn);
      return this.#balancers.delete(arn);
    }
    const text = JSON.stringify(withoutHealth(balancer));
    if (this.#balancers.get(arn) === text) return false;
    this.#balancers.set(arn, text);
    messages.push({ type: 'StowageBalancerMessage', message: { messageId: ids.uuid(), balancer } });
    return false;
  }

  #addInstance(id: string, messages: ServerMessage[]): boolean {
    const { store, ids } = this.#deps;
    const row = instanceOn(store, id, this.#machineId);
    if (row === undefined) {
      this.#forget('instance', id);
      this.#roles.forget(id);
      return this.#instances.delete(id);
    }
    const instance = translateInstance(store, row, this.#deps.instanceCredentialsOf?.(row), this.#deps.signDocument);
    const text = JSON.stringify(instance);
    if (this.#instances.get(id) === text) return false;
    this.#instances.set(id, text);
    messages.push({ type: 'StowageInstanceMessage', message: { messageId: ids.uuid(), instance } });
    return false;
  }

  #forget(kind: 'vpc' | 'balancer' | 'instance', id: string): void {
    const { store } = this.#deps;
    const key = appliedKey(kind, id, this.#machineId);
    if (store.get(applied, key) !== undefined) store.transact((tx) => tx.delete(applied, key));
  }

  #payloadOf(arn: string): PayloadTask | undefined {
    const { store } = this.#deps;
    const task = store.get(tasks, arn);
    const desiredStatus = task && wantOf(task, this.#machineId);
    if (task === undefined || desiredStatus === undefined) {
      this.#tasks.delete(arn);
      this.#roles.forget(arn);
      return undefined;
    }
    if (this.#tasks.get(arn) === desiredStatus) return undefined;
    this.#tasks.set(arn, desiredStatus);
    try {
      return this.#translate(task, desiredStatus);
    } catch (error) {
      // Nobody would ever hear of a task that cannot be told: it ends here, and says why.
      const reason = error instanceof UnassumableRoleError ? error.message : `TaskFailedToStart: ${messageOf(error)}`;
      store.transact((tx) =>
        tx.update(tasks, arn, (row): Task => ({ ...row, reported: { ...row.reported, status: 'STOPPED', reason } })),
      );
      return undefined;
    }
  }

  #translate(task: Task, desiredStatus: 'RUNNING' | 'STOPPED'): PayloadTask {
    const { store } = this.#deps;
    const definition = store.get(taskDefinitions, task.taskDefinitionArn);
    const subnetId = task.networkInterface?.subnetId;
    const payload = translateTask({
      task,
      definition,
      subnet: subnetId === undefined ? undefined : store.get(subnets, subnetId),
      desiredStatus,
      machine: store.get(machines, this.#machineId)?.resources ?? { cpu: Infinity },
      logMode: accountSetting(store, task, accountPrincipal, 'defaultLogDriverMode') ?? 'non-blocking',
      resolveImage: this.#resolveImage,
      logsEndpoint: this.#logsEndpoint,
      roleCredentials: this.#roles.credentials(task, definition, 'TaskApplication'),
      executionRoleCredentials: this.#roles.credentials(task, definition, 'TaskExecution'),
    });
    // Of a task that runs already a role is asked for no more.
    const begins = desiredStatus === 'RUNNING' && task.reported.status !== 'RUNNING';
    if (begins && payload.executionRoleCredentials === undefined && needsExecutionRole(payload)) {
      throw new UnassumableRoleError(roleOf(task, definition, 'TaskExecution') ?? '');
    }
    return payload;
  }

  #taskManifest(): ServerMessage {
    const { store, clock } = this.#deps;
    const listed = store.by(tasks, 'machine', this.#machineId).flatMap((task) => {
      const desiredStatus = wantOf(task, this.#machineId);
      return desiredStatus === undefined ? [] : [{ taskArn: task.arn, taskClusterArn: task.clusterArn, desiredStatus }];
    });
    return {
      type: 'TaskManifestMessage',
      message: { ...this.#addressed(), generatedAt: clock.now(), timeline: this.#nextSequence(), tasks: listed },
    };
  }

  #extrasManifest(): ServerMessage {
    return {
      type: 'StowageManifestMessage',
      message: {
        messageId: this.#deps.ids.uuid(),
        vpcIds: [...this.#vpcs.keys()],
        loadBalancerArns: [...this.#balancers.keys()],
        instanceIds: [...this.#instances.keys()],
      },
    };
  }

  #addressed() {
    const { clusterArn, containerInstanceArn } = this.#address;
    return { messageId: this.#deps.ids.uuid(), clusterArn, containerInstanceArn };
  }

  /** A number above every one sent to this machine before, in this process or in one before it. */
  #nextSequence(): number {
    this.#sequence += 1;
    if (this.#sequence > this.#reserved) {
      this.#reserved += sequenceBlock;
      const lastSequence = this.#reserved;
      this.#deps.store.transact((tx) => tx.update(machines, this.#machineId, (row) => ({ ...row, lastSequence })));
    }
    return this.#sequence;
  }
}

/** A spec without the health that the machine itself measured: its own words are no news to it. */
function withoutHealth(spec: BalancerSpec): unknown {
  return {
    ...spec,
    targetGroups: spec.targetGroups.map((group) => ({
      ...group,
      targets: group.targets.map((target) => ({ ...target, lastHealth: undefined })),
    })),
  };
}
