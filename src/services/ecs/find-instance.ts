import { parseArn } from '../../base/arn.ts';
import { containerInstanceArn } from '../../model/ecs/arns.ts';
import type { Cluster } from '../../model/ecs/cluster.ts';
import type { ContainerInstance } from '../../model/ecs/container-instance.ts';
import type { Reader } from '../../store/store.ts';
import { containerInstances } from '../../store/tables/ecs.ts';
import { clientException, invalidParameter } from './errors.ts';

/** The ARN that an instance's id or ARN means in a cluster. */
export function instanceArnOf(cluster: Cluster, instance: string): string {
  return instance.startsWith('arn:') ? instance : containerInstanceArn(cluster, cluster.name, instance);
}

/** The container instance that an id or ARN names in a cluster, deregistered ones too. */
export function findInstance(reader: Reader, cluster: Cluster, instance: string): ContainerInstance | undefined {
  const row = reader.get(containerInstances, instanceArnOf(cluster, instance));
  return row?.clusterArn === cluster.arn ? row : undefined;
}

/** The registered container instance that a request names. Throws as DeregisterContainerInstance does. */
export function needInstance(reader: Reader, cluster: Cluster, name: string | undefined): ContainerInstance {
  if (name === undefined || name === '') throw invalidParameter('Container instance can not be blank.');
  if (name.startsWith('arn:') && parseArn(name)?.resource.startsWith('container-instance/') !== true) {
    throw invalidParameter(`Invalid identifier: '${name}' is not the ARN of a container instance.`);
  }
  const row = findInstance(reader, cluster, name);
  if (row === undefined) throw invalidParameter('Referenced container instance was not found.');
  if (row.status === 'INACTIVE') throw clientException('The referenced container instance is inactive.');
  return row;
}
