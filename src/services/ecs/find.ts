import { parseArn } from '../../base/arn.ts';
import { AwsError } from '../../base/errors.ts';
import { clusterArn, serviceArn, shortName, taskArn, taskDefinitionArn } from '../../model/ecs/arns.ts';
import type { Cluster } from '../../model/ecs/cluster.ts';
import type { Service } from '../../model/ecs/service.ts';
import type { Task } from '../../model/ecs/task.ts';
import type { TaskDefinition } from '../../model/ecs/task-definition.ts';
import type { Scoped } from '../../model/tags.ts';
import type { Reader } from '../../store/store.ts';
import { clusters, familyKey, services, taskDefinitions, tasks } from '../../store/tables/ecs.ts';
import { clientException, invalidParameter, serviceNotFound } from './errors.ts';

/** The ARN that a request's `cluster` means: an ARN, a name, or nothing for the cluster named `default`. */
export function clusterArnOf(scope: Scoped, cluster: string | undefined): string {
  if (cluster === undefined || cluster === '') return clusterArn(scope, 'default');
  if (!cluster.startsWith('arn:')) return clusterArn(scope, cluster);
  const parsed = parseArn(cluster);
  if (parsed?.service !== 'ecs' || !parsed.resource.startsWith('cluster/')) {
    throw invalidParameter(`Invalid identifier: '${cluster}' is not the ARN of a cluster.`);
  }
  return cluster;
}

/** The cluster that a request names, ACTIVE. Throws `ClusterNotFoundException`. */
export function needCluster(reader: Reader, scope: Scoped, name: string | undefined): Cluster {
  const cluster = reader.get(clusters, clusterArnOf(scope, name));
  if (cluster === undefined) throw new AwsError('ClusterNotFoundException', 'Cluster not found.');
  if (cluster.status !== 'ACTIVE') {
    throw new AwsError('ClusterNotFoundException', 'The referenced cluster was inactive.');
  }
  return cluster;
}

/** The family and the revision, where there is one, of `family`, `family:revision` or an ARN. */
export function familyAndRevision(reference: string): { family: string; revision?: number } {
  const [family = '', revision] = shortName(reference).split(':');
  if (revision === undefined) return { family };
  if (!/^\d+$/.test(revision)) throw clientException(`Invalid revision number. Number: ${revision}`);
  return { family, revision: Number(revision) };
}

/** The revision that a reference means: the one it names, or the newest ACTIVE one of the family. */
export function findTaskDefinition(reader: Reader, scope: Scoped, reference: string): TaskDefinition | undefined {
  const { family, revision } = familyAndRevision(reference);
  if (revision !== undefined) {
    const arn = reference.startsWith('arn:') ? reference : taskDefinitionArn(scope, family, revision);
    return reader.get(taskDefinitions, arn);
  }
  return reader
    .by(taskDefinitions, 'family', familyKey(scope, family))
    .filter((row) => row.status === 'ACTIVE')
    .reduce<TaskDefinition | undefined>(
      (newest, row) => (newest === undefined || row.revision > newest.revision ? row : newest),
      undefined,
    );
}

/** The ACTIVE revision that tasks are to be made from. Throws `ClientException`. */
export function needTaskDefinition(reader: Reader, scope: Scoped, reference: string | undefined): TaskDefinition {
  if (reference === undefined || reference === '') throw invalidParameter('TaskDefinition can not be blank.');
  const definition = findTaskDefinition(reader, scope, reference);
  if (definition === undefined) throw clientException('TaskDefinition not found.');
  if (definition.status !== 'ACTIVE') throw clientException('TaskDefinition is inactive');
  return definition;
}

/** The ARN that a request's `service` means in a cluster. */
export function serviceArnOf(cluster: Cluster, service: string): string {
  return service.startsWith('arn:') ? service : serviceArn(cluster, cluster.name, service);
}

/** The service that a request names, deleted ones left out. Throws `ServiceNotFoundException`. */
export function needService(reader: Reader, cluster: Cluster, name: string | undefined): Service {
  if (name === undefined || name === '') throw invalidParameter('Service can not be blank.');
  const service = reader.get(services, serviceArnOf(cluster, name));
  if (service === undefined || service.clusterArn !== cluster.arn) throw serviceNotFound();
  return service;
}

/** The ARN that a task's id or ARN means in a cluster. */
export function taskArnOf(cluster: Cluster, task: string): string {
  return task.startsWith('arn:') ? task : taskArn(cluster, cluster.name, task);
}

/** The task that an id or ARN names in a cluster. */
export function findTask(reader: Reader, cluster: Cluster, task: string): Task | undefined {
  const row = reader.get(tasks, taskArnOf(cluster, task));
  return row?.clusterArn === cluster.arn ? row : undefined;
}
