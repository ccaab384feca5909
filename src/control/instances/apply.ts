import type { Instance } from '../../model/ec2/instance.ts';
import type { ContainerInstance } from '../../model/ecs/container-instance.ts';
import { releaseInterface } from '../../store/allocate-interface.ts';
import type { Store, Transaction } from '../../store/store.ts';
import { instances, networkInterfaces } from '../../store/tables/ec2.ts';
import { containerInstances } from '../../store/tables/ecs.ts';
import type { InstanceStep } from './plan.ts';

/** Does one step of one instance, as one commit, unless somebody changed its state meanwhile. */
export function applyInstance(store: Store, planned: Instance, step: InstanceStep, now: number): void {
  store.transact((tx) => {
    const instance = tx.get(instances, planned.id);
    if (instance?.state !== planned.state || instance.boot !== planned.boot) return;
    switch (step.kind) {
      case 'host':
        tx.put(instances, { ...instance, hostId: step.machineId });
        return;
      case 'running': {
        const { stateReason: _pending, ...running } = instance;
        tx.put(instances, { ...running, state: 'running' });
        return;
      }
      case 'fail':
        tx.put(instances, {
          ...instance,
          state: 'shutting-down',
          stateReason: { code: 'Server.InternalError', message: `Server.InternalError: ${step.message}` },
          transitionReason: 'Server.InternalError',
        });
        return;
      case 'stopped':
        dropPublicAddress(tx, instance);
        tx.put(instances, { ...instance, state: 'stopped', endedAt: now });
        return;
      case 'terminated':
        releaseInterface(tx, instance.networkInterfaceId);
        deregister(tx, instance);
        tx.put(instances, { ...instance, state: 'terminated', endedAt: now });
        return;
      case 'forget':
        for (const row of tx.by(containerInstances, 'ec2Instance', instance.id)) tx.delete(containerInstances, row.arn);
        tx.delete(instances, instance.id);
        return;
      default:
        step satisfies never;
    }
  });
}

/** A stopped instance loses the address that it was given, and gets another when it starts ("Amazon EC2 instance IP addressing"). */
function dropPublicAddress(tx: Transaction, { networkInterfaceId }: Instance): void {
  tx.update(networkInterfaces, networkInterfaceId, (row) => {
    if (row.allocationId !== undefined) return row;
    const { publicIp: _released, ...rest } = row;
    return rest;
  });
}

/** "If you terminate a container instance, it is automatically deregistered" (DeregisterContainerInstance, ECS API Reference). */
function deregister(tx: Transaction, { id }: Instance): void {
  for (const row of tx.by(containerInstances, 'ec2Instance', id)) {
    if (row.status === 'INACTIVE') continue;
    const gone: ContainerInstance = {
      ...row,
      status: 'INACTIVE',
      deregistration: 'terminated',
      version: row.version + 1,
    };
    tx.put(containerInstances, gone);
  }
}
