import { capacityProviderArn } from '../model/ecs/arns.ts';
import type { CapacityProvider } from '../model/ecs/capacity-provider.ts';
import type { ContainerInstance } from '../model/ecs/container-instance.ts';
import type { Scoped } from '../model/tags.ts';
import type { Reader } from './store.ts';
import { groupInstances } from './tables/autoscaling.ts';
import { capacityProviders, clusters, tasks } from './tables/ecs.ts';

/** The most tasks of a cluster that can wait for instances ("Amazon ECS service quotas": tasks in the PROVISIONING state). */
const mostWaiting = 500;

/** The capacity provider of an Auto Scaling group, by name. */
export function findProvider(reader: Reader, scope: Scoped, name: string): CapacityProvider | undefined {
  return reader.get(capacityProviders, capacityProviderArn(scope, name));
}

/** The name of the capacity provider that an instance is of: its group is the provider's, and its cluster has the provider. */
export function providerOf(reader: Reader, instance: ContainerInstance): string | undefined {
  const member = reader.get(groupInstances, instance.ec2InstanceId ?? '');
  if (member === undefined) return undefined;
  const associated = reader.get(clusters, instance.clusterArn)?.capacityProviders ?? [];
  return reader.by(capacityProviders, 'group', member.groupArn).find(({ name }) => associated.includes(name))?.name;
}

/** Whether tasks of a cluster that find no place in a provider are to wait for an instance: ECS sizes its group. */
export function mayWait(reader: Reader, clusterArn: string, name: string): boolean {
  const cluster = reader.get(clusters, clusterArn);
  const provider = cluster && findProvider(reader, cluster, name);
  return provider?.managedScaling.status === 'ENABLED' && reader.countBy(tasks, 'waiting', provider.arn) < mostWaiting;
}
