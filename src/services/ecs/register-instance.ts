import type { Attribute, RegisterContainerInstanceCommandInput, Resource } from '@aws-sdk/client-ecs';
import type { Ctx } from '../../aws/handlers.ts';
import { given } from '../../base/given.ts';
import { instanceTypes, machineInstanceType } from '../../model/ec2/instance-types.ts';
import type { Instance } from '../../model/ec2/instance.ts';
import { containerInstanceArn } from '../../model/ecs/arns.ts';
import {
  isBuiltIn,
  type ContainerInstance,
  type HostPort,
  type InstanceAttribute,
} from '../../model/ecs/container-instance.ts';
import { machineSession } from '../../model/iam/machine-session.ts';
import { isNodeId } from '../../model/ssm/managed-node.ts';
import { scopeOf } from '../../model/tags.ts';
import type { Reader } from '../../store/store.ts';
import { instances } from '../../store/tables/ec2.ts';
import { containerInstances } from '../../store/tables/ecs.ts';
import type { ServiceDeps } from '../deps.ts';
import { clientException, invalidParameter } from './errors.ts';
import { needCluster } from './find.ts';
import { readTags } from './tag-rules.ts';

/** Agents send a token that the published model knows nothing of. */
type RegisterInput = RegisterContainerInstanceCommandInput & { readonly clientToken?: string | undefined };

/**
 * RegisterContainerInstance, which agents alone call: a new registration, or with `containerInstanceArn` one that is renewed after
 * the agent or its machine was restarted. Every attribute with a value is answered as it came; ECS adds those that it
 * knows of the EC2 instance ("Amazon ECS container instance attributes").
 */
export function registerContainerInstance(
  { store, clock, ids, instanceIdentity }: ServiceDeps,
  input: RegisterInput,
  ctx: Ctx,
): ContainerInstance {
  const cluster = needCluster(store, ctx, input.cluster);
  const { instanceIdentityDocument: document = '', instanceIdentityDocumentSignature: signature = '' } = input;
  if (document !== '' && instanceIdentity !== undefined && !instanceIdentity().isSigned(document, signature)) {
    throw clientException('The signature of the instance identity document is not valid.');
  }
  const host = readIdentity(store, ctx, document);
  const hostId = host?.id ?? nodeOf(ctx);
  const resources = readResources(input.totalResources ?? []);
  const attributes = mergeAttributes(readAttributes(input.attributes ?? []), builtIn(host));
  const { agentVersion, agentHash, dockerVersion } = input.versionInfo ?? {};
  const versionInfo = {
    ...given('agentVersion', agentVersion),
    ...given('agentHash', agentHash),
    ...given('dockerVersion', dockerVersion),
  };
  if ((input.platformDevices?.length ?? 0) > 0) throw clientException('platformDevices are not supported.');
  return store.transact((tx) => {
    const { containerInstanceArn: named, clientToken } = input;
    const before = named === undefined ? repeated(tx, cluster.arn, clientToken) : tx.get(containerInstances, named);
    if (named !== undefined && before?.clusterArn !== cluster.arn) {
      throw clientException('The referenced container instance was not found in the cluster.');
    }
    if (before?.status === 'INACTIVE') throw clientException('The referenced container instance is inactive.');
    if (before !== undefined) {
      const type = (of: readonly InstanceAttribute[]) => of.find(({ name }) => name === 'ecs.instance-type')?.value;
      if (type(before.attributes) !== type(attributes)) {
        throw clientException(
          `Container instance type changes are not supported. Container instance ${before.id} was previously registered as ${type(before.attributes) ?? 'none'}.`,
        );
      }
      const renewed: ContainerInstance = {
        ...before,
        resources,
        // What an agent can do is what it says now; custom attributes that were set over the API outlive it.
        attributes: mergeAttributes(
          before.attributes.filter(({ name }) => !isBuiltIn(name)),
          attributes,
        ),
        versionInfo: { ...before.versionInfo, ...versionInfo },
        version: before.version + 1,
      };
      tx.put(containerInstances, renewed);
      return renewed;
    }
    const id = ids.hex(32);
    const row: ContainerInstance = {
      account: cluster.account,
      region: cluster.region,
      arn: containerInstanceArn(cluster, cluster.name, id),
      id,
      clusterArn: cluster.arn,
      ...given('ec2InstanceId', hostId),
      machineId: host?.id ?? id,
      status: 'ACTIVE',
      ...given('availabilityZone', host?.availabilityZone),
      taskInterfaces: taskInterfacesOf(host),
      resources,
      attributes,
      versionInfo,
      tags: readTags(input.tags),
      registeredAt: clock.now(),
      ...given('clientToken', clientToken),
      version: 1,
    };
    tx.put(containerInstances, row);
    return row;
  });
}

/** The registration that was made with a token, if it still stands. */
function repeated(reader: Reader, clusterArn: string, token: string | undefined): ContainerInstance | undefined {
  if (token === undefined || token === '') return undefined;
  return reader
    .by(containerInstances, 'clientToken', token)
    .find((row) => row.clusterArn === clusterArn && row.status !== 'INACTIVE');
}

/** The node that registers, by the session that Systems Manager gave it: agents of external instances send no document. */
function nodeOf({ caller }: Ctx): string | undefined {
  const session = machineSession(caller.arn)?.session ?? '';
  return isNodeId(session) ? session : undefined;
}

/** The EC2 instance that an identity document speaks of ("Instance identity documents", EC2 User Guide). */
function readIdentity(reader: Reader, ctx: Ctx, document: string): Instance | undefined {
  if (document === '') return undefined;
  let id: unknown;
  try {
    ({ instanceId: id } = JSON.parse(document) as { instanceId?: unknown });
  } catch {
    throw clientException('The instance identity document is not valid JSON.');
  }
  const row = typeof id === 'string' ? reader.get(instances, id) : undefined;
  if (row === undefined || scopeOf(row) !== scopeOf(ctx) || row.state === 'terminated') {
    throw clientException(`The instance identity document names no instance of this account: ${String(id)}.`);
  }
  return row;
}

function builtIn(host: Instance | undefined): InstanceAttribute[] {
  if (host === undefined) return [];
  return [
    { name: 'ecs.availability-zone', value: host.availabilityZone },
    { name: 'ecs.instance-type', value: host.instanceType },
    { name: 'ecs.ami-id', value: host.imageId },
    { name: 'ecs.vpc-id', value: host.vpcId },
    { name: 'ecs.subnet-id', value: host.subnetId },
  ];
}

/** Only EC2 instances can have no more than so many; elsewhere an interface is a matter of software. */
function taskInterfacesOf(host: Instance | undefined): number {
  if (host === undefined || host.instanceType === machineInstanceType) return Number.MAX_SAFE_INTEGER;
  return Math.max(0, (instanceTypes.get(host.instanceType)?.interfaces ?? 1) - 1);
}

function mergeAttributes(before: readonly InstanceAttribute[], after: readonly InstanceAttribute[]) {
  return [...new Map([...before, ...after].map((one) => [one.name, one])).values()];
}

function readAttributes(attributes: readonly Attribute[]): InstanceAttribute[] {
  return attributes.map(({ name, value }) => {
    if (name === undefined || name === '') throw invalidParameter('Attribute name can not be blank.');
    return { name, ...given('value', value === '' ? undefined : value) };
  });
}

function readResources(resources: readonly Resource[]): ContainerInstance['resources'] {
  const named = (name: string): Resource | undefined => resources.find((one) => one.name === name);
  const amount = (name: string): number => {
    const value = named(name)?.integerValue;
    if (value === undefined || value < 0) throw invalidParameter(`totalResources must have an integer ${name}.`);
    return value;
  };
  const ports = (name: string, protocol: HostPort['protocol']): HostPort[] =>
    (named(name)?.stringSetValue ?? []).map((text) => ({ port: Number(text), protocol }));
  return {
    cpu: amount('CPU'),
    memory: amount('MEMORY'),
    ports: [...ports('PORTS', 'tcp'), ...ports('PORTS_UDP', 'udp')],
  };
}
