import { given } from '../base/given.ts';
import { privateDnsNameOf, privateDomainOf } from '../model/ec2/addresses.ts';
import { imagesOf } from '../model/ec2/images.ts';
import { instanceTypes, registeredMemory } from '../model/ec2/instance-types.ts';
import type { Instance } from '../model/ec2/instance.ts';
import { agentSettings, ignoredSettings, isOn, secondsOf, textsIn } from '../model/ec2/user-data.ts';
import type { Reader } from '../store/store.ts';
import { instances } from '../store/tables/ec2.ts';
import type { InstanceMetadataSpec } from '../wire/instance-metadata.ts';
import type { InstanceAgentSpec, InstanceSpec } from '../wire/instance-spec.ts';
import { instanceTexts, type InstanceCredentials, type SignDocument } from './instance-metadata.ts';

/** The row of an instance that the machine `hostId` is told of; `undefined` when it stands on another, nowhere, or is over. */
export function instanceOn(store: Reader, instanceId: string, hostId: string): Instance | undefined {
  const instance = store.get(instances, instanceId);
  return instance?.hostId !== hostId || instance.state === 'terminated' ? undefined : instance;
}

/** An instance as its machine is told it, with the session that it acts in. */
export function translateInstance(
  store: Reader,
  instance: Instance,
  credentials: InstanceCredentials | undefined,
  sign?: SignDocument,
): InstanceSpec {
  const type = instanceTypes.get(instance.instanceType);
  const memoryMiB = instance.size?.memoryMiB ?? type?.memoryMiB ?? 0;
  const agent = agentOf(instance, memoryMiB);
  return {
    instanceId: instance.id,
    desired: desiredOf(instance),
    boot: instance.boot,
    interfaceId: instance.networkInterfaceId,
    privateIp: instance.privateIp,
    hostName: privateDnsNameOf(instance.privateIp, instance.region),
    domainName: privateDomainOf(instance.region),
    cpus: instance.size?.vcpus ?? type?.vcpus ?? 1,
    memoryMiB,
    metadata: metadataOf(store, instance, credentials, sign),
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

function metadataOf(
  store: Reader,
  instance: Instance,
  credentials: InstanceCredentials | undefined,
  sign: SignDocument | undefined,
): InstanceMetadataSpec {
  const { metadataOptions, metadataKey, userData } = instance;
  return {
    enabled: metadataOptions.httpEndpoint === 'enabled',
    tokensRequired: metadataOptions.httpTokens === 'required',
    hopLimit: metadataOptions.httpPutResponseHopLimit,
    tokenKey: metadataKey,
    answersTasks: answersTasks(instance),
    ...given('userData', userData),
    texts: instanceTexts(store, instance, credentials, sign),
  };
}

/** Whether tasks on an instance that have an interface of their own reach its metadata ("Amazon ECS container agent configuration"). */
export function answersTasks(instance: Instance): boolean {
  return !isOn(agentSettings(instance)['ECS_AWSVPC_BLOCK_IMDS']);
}

/** An ECS-optimized image starts the agent; user data tells it the cluster ("Amazon ECS container agent configuration"). */
function agentOf(instance: Instance, memoryMiB: number): InstanceAgentSpec | undefined {
  const image = imagesOf(instance.region).find(({ id }) => id === instance.imageId);
  if (image?.ecsOptimized !== true) return undefined;
  const config = agentSettings(instance);
  const ignored = ignoredSettings(config);
  const cluster = config['ECS_CLUSTER'] ?? '';
  const reservedMiB = Number(config['ECS_RESERVED_MEMORY'] ?? 0);
  // What a machine that joined told of itself is what its system leaves.
  const offeredMiB = instance.size === undefined ? registeredMemory(memoryMiB) : memoryMiB;
  return {
    cluster: cluster === '' ? 'default' : cluster,
    attributes: textsIn(config['ECS_INSTANCE_ATTRIBUTES']),
    tags: textsIn(config['ECS_CONTAINER_INSTANCE_TAGS']),
    memoryMiB: offeredMiB - (Number.isInteger(reservedMiB) && reservedMiB > 0 ? reservedMiB : 0),
    ...given('imagePullBehavior', config['ECS_IMAGE_PULL_BEHAVIOR']),
    ...given('stopTimeoutSeconds', secondsOf(config['ECS_CONTAINER_STOP_TIMEOUT'])),
    ...(ignored.length === 0 ? {} : { ignored }),
  };
}
