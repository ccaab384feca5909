import { arn } from '../../base/arn.ts';
import { given } from '../../base/given.ts';
import type { Ids } from '../../base/ids.ts';
import { privateDnsNameOf } from '../../model/ec2/addresses.ts';
import type { NetworkInterface } from '../../model/ec2/network.ts';
import type { AwsvpcConfiguration, Task, TaskNetworkInterface } from '../../model/ecs/task.ts';
import { AddressError, allocateInterface, releaseInterface } from '../../store/allocate-interface.ts';
import type { Store, Transaction } from '../../store/store.ts';
import { securityGroups } from '../../store/tables/ec2.ts';
import { tasks } from '../../store/tables/ecs.ts';
import type { TaskStep } from './plan.ts';

/** What applying needs beside the store. */
export interface TaskDeps {
  readonly store: Store;
  readonly ids: Ids;
  /** The range that public addresses come from. */
  readonly publicPool: string;
}

/** Does one step of one task, as one commit. */
export function applyTask(deps: TaskDeps, taskArn: string, step: TaskStep, now: number): void {
  deps.store.transact((tx) => {
    const task = tx.get(tasks, taskArn);
    if (task === undefined) return;
    switch (step.kind) {
      case 'forget':
        return tx.delete(tasks, taskArn);
      case 'write':
        return change(tx, task, now, step.change);
      case 'place':
        return place(deps, tx, task, step, now);
      case 'fail':
        return fail(tx, task, step.stop, now);
      case 'finish':
        if (step.keepsInterface !== true) release(tx, task);
        return change(tx, task, now, {
          lastStatus: 'STOPPED',
          stoppedAt: now,
          // A machine that is gone, or never heard of them, will not say so.
          containers: task.containers.map((one) =>
            one.lastStatus === 'STOPPED' ? one : { ...one, lastStatus: 'STOPPED' },
          ),
          ...(task.networkInterface &&
            step.keepsInterface !== true && { networkInterface: { ...task.networkInterface, status: 'DELETED' } }),
        });
      case 'release':
        release(tx, task);
        return change(tx, task, now, {
          ...(task.networkInterface && { networkInterface: { ...task.networkInterface, status: 'DELETED' } }),
        });
      default:
        return step satisfies never;
    }
  });
}

function release(tx: Transaction, { networkInterface }: Task): void {
  if (networkInterface !== undefined) releaseInterface(tx, networkInterface.networkInterfaceId);
}

function change(tx: Transaction, task: Task, now: number, fields: Partial<Task>): void {
  const { lastStatus = task.lastStatus } = fields;
  const statusAt = lastStatus === task.lastStatus ? task.statusAt : { ...task.statusAt, [lastStatus]: now };
  tx.put(tasks, { ...task, ...fields, ...given('statusAt', statusAt), version: task.version + 1 });
}

function fail(tx: Transaction, task: Task, stop: NonNullable<Task['stop']>, now: number): void {
  change(tx, task, now, {
    desiredStatus: 'STOPPED',
    lastStatus: 'DEPROVISIONING',
    stop: task.stop ?? stop,
    stoppingAt: now,
  });
}

function place(
  deps: TaskDeps,
  tx: Transaction,
  task: Task,
  step: Extract<TaskStep, { kind: 'place' }>,
  now: number,
): void {
  const placed = {
    lastStatus: 'PENDING',
    machineId: step.machineId,
    connectivity: 'CONNECTED',
    connectivityAt: now,
  } as const;
  const configuration = task.networkConfiguration;
  if (configuration === undefined) return change(tx, task, now, placed);
  const attachmentId = task.attachmentId ?? deps.ids.uuid();
  const found = interfaceFor(deps, tx, task, configuration, step.subnetIds, attachmentId, now);
  if (typeof found === 'string') return fail(tx, task, { code: 'TaskFailedToStart', reason: found }, now);
  return change(tx, task, now, {
    ...placed,
    availabilityZone: found.availabilityZone,
    networkInterface: attached(found, attachmentId),
  });
}

/** An interface in the first of the subnets that has an address, or the reason why there is none, as Fargate words it. */
function interfaceFor(
  { ids, publicPool }: TaskDeps,
  tx: Transaction,
  task: Task,
  configuration: AwsvpcConfiguration,
  subnetIds: readonly string[],
  attachmentId: string,
  now: number,
): NetworkInterface | string {
  const refusal = (subnetId: string, code: string): string =>
    `Unexpected EC2 error while attempting to Create Network Interface with public IP assignment ${
      configuration.assignPublicIp === 'ENABLED' ? 'enabled' : 'disabled'
    } in subnet '${subnetId}': ${code}`;
  const missing = configuration.securityGroups.find((id) => tx.get(securityGroups, id) === undefined);
  if (missing !== undefined) return refusal(subnetIds[0] ?? '', 'InvalidGroup.NotFound');
  let reason = refusal(configuration.subnets[0] ?? '', 'InvalidSubnetID.NotFound');
  for (const subnetId of subnetIds) {
    try {
      return allocateInterface(tx, {
        ids,
        now,
        subnetId,
        groups: configuration.securityGroups,
        owner: { kind: 'task', arn: task.arn },
        description: arn('ecs', task.region, task.account, `attachment/${attachmentId}`),
        publicIp: configuration.assignPublicIp === 'ENABLED',
        publicPool,
        attachmentId: `eni-attach-0${ids.hex(16)}`,
      });
    } catch (error) {
      if (!(error instanceof AddressError)) throw error;
      reason = refusal(subnetId, addressErrorCodes[error.reason]);
    }
  }
  return reason;
}

/** EC2's codes for what can go wrong with an address. */
const addressErrorCodes: Record<AddressError['reason'], string> = {
  'no-subnet': 'InvalidSubnetID.NotFound',
  'subnet-full': 'InsufficientFreeAddressesInSubnet',
  'pool-full': 'AddressLimitExceeded',
  'in-use': 'InvalidIPAddress.InUse',
  'not-in-subnet': 'InvalidParameterValue',
};

function attached(row: NetworkInterface, attachmentId: string): TaskNetworkInterface {
  return {
    attachmentId,
    networkInterfaceId: row.id,
    subnetId: row.subnetId,
    vpcId: row.vpcId,
    macAddress: row.macAddress,
    privateIp: row.privateIp,
    ...(row.publicIp === undefined ? {} : { publicIp: row.publicIp }),
    privateDnsName: privateDnsNameOf(row.privateIp, row.region),
    status: 'ATTACHING',
  };
}
