import { architectureOf } from '../../model/ec2/images.ts';
import type { Instance } from '../../model/ec2/instance.ts';
import { instanceTypes } from '../../model/ec2/instance-types.ts';
import { architectureOfMachine, instanceHost, type Applied } from '../../model/fleet/machine.ts';
import type { Reader } from '../../store/store.ts';
import { instances } from '../../store/tables/ec2.ts';
import { applied, appliedKey, machines } from '../../store/tables/fleet.ts';

/** What the judgement of one instance stands on. */
export interface ObservedInstance {
  readonly instance: Instance;
  /** What the machine that it stands on last said of it. */
  readonly said?: Applied;
  /** Connected machines that can take instances and are large enough, with the number that stand on each. */
  readonly hosts: readonly { readonly machineId: string; readonly instances: number }[];
}

/** Reads what `planInstance` needs; `undefined` when the instance is gone. */
export function observeInstance(store: Reader, id: string): ObservedInstance | undefined {
  const instance = store.get(instances, id);
  if (instance === undefined) return undefined;
  const said =
    instance.hostId === undefined ? undefined : store.get(applied, appliedKey('instance', id, instance.hostId));
  const memory = instanceTypes.get(instance.instanceType)?.memoryMiB ?? 0;
  const architecture = architectureOf(instance);
  return {
    instance,
    ...(said === undefined ? {} : { said }),
    hosts:
      instance.hostId !== undefined
        ? []
        : store
            .by(machines, 'connected', 'yes')
            .filter(
              (machine) =>
                machine.attributes.some(({ name }) => name === instanceHost) &&
                machine.resources.memory >= memory &&
                architectureOfMachine(machine) === architecture,
            )
            .map(({ id: machineId }) => ({ machineId, instances: store.countBy(instances, 'host', machineId) })),
  };
}
