import type { Attribute, ContainerInstance as InstanceOutput, Resource } from '@aws-sdk/client-ecs';
import { dateOf } from '../../base/clock.ts';
import { given } from '../../base/given.ts';
import type { ContainerInstance, InstanceResources } from '../../model/ecs/container-instance.ts';
import { providerOf } from '../../store/capacity-providers.ts';
import { countOn, isConnected, remainingResources } from '../../store/container-instances.ts';
import type { Reader } from '../../store/store.ts';
import { machines } from '../../store/tables/fleet.ts';
import { instanceHealth } from './instance-health.ts';

/** A container instance as every operation shows it. */
export function instanceOutput(
  reader: Reader,
  row: ContainerInstance,
  options: { readonly tags: boolean; readonly health?: boolean },
): InstanceOutput {
  const connected = isConnected(reader, row);
  return {
    containerInstanceArn: row.arn,
    ...given('ec2InstanceId', row.ec2InstanceId),
    ...given('capacityProviderName', providerOf(reader, row)),
    version: row.version,
    versionInfo: row.versionInfo,
    remainingResources: resourceList(row.status === 'INACTIVE' ? row.resources : remainingResources(reader, row)),
    registeredResources: resourceList(row.resources),
    status: row.status,
    ...given('statusReason', row.statusReason),
    agentConnected: connected,
    runningTasksCount: countOn(reader, row, 'running'),
    pendingTasksCount: countOn(reader, row, 'pending'),
    attributes: row.attributes.map((one): Attribute => ({ ...one })),
    registeredAt: dateOf(row.registeredAt),
    attachments: [],
    tags: options.tags ? row.tags.map((tag) => ({ ...tag })) : [],
    ...(options.health === true
      ? { healthStatus: instanceHealth(reader.get(machines, row.machineId)?.statuses ?? [], connected) }
      : {}),
  };
}

/** Resources as ECS lists them: numbers in each form, ports as the set of those that cannot be had. */
export function resourceList({ cpu, memory, ports }: InstanceResources): Resource[] {
  const integer = (name: string, value: number): Resource => ({
    name,
    type: 'INTEGER',
    doubleValue: 0,
    longValue: 0,
    integerValue: value,
  });
  const set = (name: string, protocol: 'tcp' | 'udp'): Resource => ({
    name,
    type: 'STRINGSET',
    doubleValue: 0,
    longValue: 0,
    integerValue: 0,
    stringSetValue: ports.filter((each) => each.protocol === protocol).map(({ port }) => String(port)),
  });
  return [integer('CPU', cpu), integer('MEMORY', memory), set('PORTS', 'tcp'), set('PORTS_UDP', 'udp')];
}
