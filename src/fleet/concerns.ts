import type { NetworkInterface, SecurityGroupRule } from '../model/ec2/network.ts';
import type { Instance } from '../model/ec2/instance.ts';
import type { Machine } from '../model/fleet/machine.ts';
import type { InstanceProfile, Role } from '../model/iam/identity.ts';
import type { Task } from '../model/ecs/task.ts';
import type { Listener, LoadBalancer, Rule, Target, TargetGroup } from '../model/elbv2/load-balancing.ts';
import type { Change, Reader } from '../store/store.ts';
import type { Table } from '../store/table.ts';
import {
  instances,
  internetGateways,
  natGateways,
  networkInterfaces,
  routeTables,
  securityGroupRules,
  securityGroups,
  subnets,
  vpcs,
} from '../store/tables/ec2.ts';
import { certificates } from '../store/tables/acm.ts';
import { tasks } from '../store/tables/ecs.ts';
import { machines } from '../store/tables/fleet.ts';
import { instanceProfiles, nameKey, roles } from '../store/tables/iam.ts';
import { listeners, loadBalancers, rules, targetGroups, targets } from '../store/tables/elbv2.ts';

/** What commits may have changed of what machines are told. */
export interface Concerns {
  /** Task ARNs, by the machine they are placed on. */
  readonly tasks: Map<string, Set<string>>;
  readonly vpcs: Set<string>;
  readonly balancers: Set<string>;
  readonly instances: Set<string>;
}

/** Nothing yet. */
export function noConcerns(): Concerns {
  return { tasks: new Map(), vpcs: new Set(), balancers: new Set(), instances: new Set() };
}

/** Adds to what concerns one machine what is of it in what commits may have changed. */
export function addConcernsOf(machineId: string, from: Concerns, to: Concerns): void {
  const arns = from.tasks.get(machineId);
  if (arns !== undefined) to.tasks.set(machineId, new Set([...(to.tasks.get(machineId) ?? []), ...arns]));
  for (const name of ['vpcs', 'balancers', 'instances'] as const) for (const id of from[name]) to[name].add(id);
}

/** Whether it is about anything but tasks, so that any machine may have to hear of it. */
export function concernsAll({ vpcs, balancers, instances }: Concerns): boolean {
  return vpcs.size + balancers.size + instances.size > 0;
}

/** The tables that machines are told of. */
export const toldTables: readonly Table<never>[] = [
  machines,
  tasks,
  vpcs,
  subnets,
  securityGroups,
  securityGroupRules,
  networkInterfaces,
  internetGateways,
  routeTables,
  natGateways,
  instances,
  instanceProfiles,
  roles,
  loadBalancers,
  listeners,
  rules,
  targetGroups,
  targets,
  certificates,
];

/** Adds what one change concerns. */
export function addConcerns(store: Reader, change: Change, to: Concerns): void {
  if (change.table === machines.name) return addMachine(store, change, to);
  if (change.table === instances.name) addMoved(change, to);
  for (const row of [change.before, change.after]) {
    if (row !== undefined) addRow(store, change.table, row, to);
  }
}

function addRow(store: Reader, table: string, row: unknown, to: Concerns): void {
  switch (table) {
    case tasks.name: {
      const { machineId, arn } = row as Task;
      if (machineId === undefined) return;
      const arns = to.tasks.get(machineId);
      if (arns === undefined) to.tasks.set(machineId, new Set([arn]));
      else arns.add(arn);
      return;
    }
    case instances.name: {
      const { id } = row as { id: string };
      to.instances.add(id);
      for (const { targetGroupArn } of store.by(targets, 'id', id)) addTargetGroup(store, targetGroupArn, to);
      return;
    }
    case instanceProfiles.name: {
      const { arn } = row as InstanceProfile;
      for (const each of store.by(instances, 'profile', arn)) to.instances.add(each.id);
      return;
    }
    case roles.name: {
      const { account, name } = row as Role;
      for (const profile of store.by(instanceProfiles, 'role', nameKey(account, name))) {
        addRow(store, instanceProfiles.name, profile, to);
      }
      return;
    }
    case vpcs.name:
      return void to.vpcs.add((row as { id: string }).id);
    case securityGroupRules.name: {
      // Of a rule that goes with its group, the group's own deletion tells the VPC.
      const group = store.get(securityGroups, (row as SecurityGroupRule).groupId);
      if (group !== undefined) to.vpcs.add(group.vpcId);
      return;
    }
    case networkInterfaces.name: {
      const { vpcId, owner } = row as NetworkInterface;
      to.vpcs.add(vpcId);
      if (owner.kind === 'instance') to.instances.add(owner.id);
      if (owner.kind === 'load-balancer') addBalancer(store, owner.arn, to);
      return;
    }
    case loadBalancers.name:
      return addBalancer(store, (row as LoadBalancer).arn, to);
    case listeners.name:
      return addBalancer(store, (row as Listener).loadBalancerArn, to);
    case rules.name: {
      const listener = store.get(listeners, (row as Rule).listenerArn);
      if (listener !== undefined) addBalancer(store, listener.loadBalancerArn, to);
      return;
    }
    case certificates.name: {
      const { arn } = row as { arn: string };
      for (const listener of store.by(listeners, 'certificate', arn)) to.balancers.add(listener.loadBalancerArn);
      return;
    }
    case targetGroups.name:
      return addTargetGroup(store, (row as TargetGroup).arn, to);
    case targets.name:
      return addTargetGroup(store, (row as Target).targetGroupArn, to);
    default: {
      const { vpcId } = row as { vpcId?: string };
      if (vpcId !== undefined) to.vpcs.add(vpcId);
    }
  }
}

/** An instance's interface is on the machine that it stands on. */
function addMoved({ before, after }: Change, to: Concerns): void {
  const [former, next] = [before, after] as readonly (Instance | undefined)[];
  if (next !== undefined && former?.hostId !== next.hostId) to.vpcs.add(next.vpcId);
}

/** Where a machine is found is known in every VPC; that it comes and goes is nobody else's business. */
function addMachine(store: Reader, { before, after }: Change, to: Concerns): void {
  const place = (row: unknown): string => {
    const { underlay, hostAddress } = (row ?? {}) as Partial<Machine>;
    return `${underlay} ${hostAddress}`;
  };
  if (place(before) === place(after)) return;
  for (const { id } of store.list(vpcs)) to.vpcs.add(id);
}

/** A load balancer's name is known in every VPC. */
function addBalancer(store: Reader, arn: string, to: Concerns): void {
  to.balancers.add(arn);
  for (const { id } of store.list(vpcs)) to.vpcs.add(id);
}

function addTargetGroup(store: Reader, arn: string, to: Concerns): void {
  for (const { listenerArn } of store.by(rules, 'targetGroup', arn)) {
    const listener = store.get(listeners, listenerArn);
    if (listener === undefined) continue;
    to.balancers.add(listener.loadBalancerArn);
    // Where the name of a network or Classic Load Balancer leads depends on the health of its targets.
    const balancer = store.get(loadBalancers, listener.loadBalancerArn);
    if (balancer !== undefined && balancer.type !== 'application') addBalancer(store, balancer.arn, to);
  }
}
