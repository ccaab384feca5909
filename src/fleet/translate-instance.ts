import { given } from '../base/given.ts';
import { privateDnsNameOf, privateDomainOf } from '../model/ec2/addresses.ts';
import { imagesOf } from '../model/ec2/images.ts';
import { instanceTypes, registeredMemory } from '../model/ec2/instance-types.ts';
import type { Instance } from '../model/ec2/instance.ts';
import { ecsConfigOf, textsIn } from '../model/ec2/user-data.ts';
import type { Reader } from '../store/store.ts';
import { instances } from '../store/tables/ec2.ts';
import type { InstanceAgentSpec, InstanceSpec } from '../wire/instance-spec.ts';

/** An instance as the machine `hostId` is told it; `undefined` when it stands on another, nowhere, or is over. */
export function translateInstance(store: Reader, instanceId: string, hostId: string): InstanceSpec | undefined {
  const instance = store.get(instances, instanceId);
  if (instance?.hostId !== hostId || instance.state === 'terminated') return undefined;
  const type = instanceTypes.get(instance.instanceType);
  const agent = agentOf(instance, type?.memoryMiB ?? 0);
  return {
    instanceId,
    desired: desiredOf(instance),
    boot: instance.boot,
    interfaceId: instance.networkInterfaceId,
    privateIp: instance.privateIp,
    hostName: privateDnsNameOf(instance.privateIp, instance.region),
    domainName: privateDomainOf(instance.region),
    cpus: type?.vcpus ?? 1,
    memoryMiB: type?.memoryMiB ?? 0,
    ...(agent === undefined ? {} : { agent }),
  };
}

function desiredOf({ state }: Instance): InstanceSpec['desired'] {
  switch (state) {
    case 'pending':
    case 'running':
      return 'running';
    case 'stopping':
    case 'stopped':
      return 'stopped';
    case 'shutting-down':
    case 'terminated':
      return 'terminated';
    default:
      return state satisfies never;
  }
}

/** An ECS-optimized image starts the agent; user data tells it the cluster ("Amazon ECS container agent configuration"). */
function agentOf(instance: Instance, memoryMiB: number): InstanceAgentSpec | undefined {
  const image = imagesOf(instance.region).find(({ id }) => id === instance.imageId);
  if (image?.ecsOptimized !== true) return undefined;
  const config = ecsConfigOf(instance.userData ?? '');
  const cluster = config['ECS_CLUSTER'] ?? '';
  const reservedMiB = Number(config['ECS_RESERVED_MEMORY'] ?? 0);
  return {
    cluster: cluster === '' ? 'default' : cluster,
    attributes: textsIn(config['ECS_INSTANCE_ATTRIBUTES']),
    tags: textsIn(config['ECS_CONTAINER_INSTANCE_TAGS']),
    memoryMiB: registeredMemory(memoryMiB) - (Number.isInteger(reservedMiB) && reservedMiB > 0 ? reservedMiB : 0),
    ...given('imagePullBehavior', config['ECS_IMAGE_PULL_BEHAVIOR']),
  };
}
