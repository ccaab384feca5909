import { AwsError } from '../../base/errors.ts';
import { parseArn } from '../../base/arn.ts';
import { taskSetArn } from '../../model/ecs/arns.ts';
import type { Cluster } from '../../model/ecs/cluster.ts';
import type { Service } from '../../model/ecs/service.ts';
import type { TaskSet } from '../../model/ecs/task-set.ts';
import type { Reader } from '../../store/store.ts';
import { taskSets } from '../../store/tables/ecs.ts';
import { invalidParameter } from './errors.ts';
import { needService } from './find.ts';

/** The service whose task sets a request is about: an ACTIVE one with the EXTERNAL deployment controller. */
export function needExternalService(reader: Reader, cluster: Cluster, name: string | undefined): Service {
  const service = needService(reader, cluster, name);
  if (service.status !== 'ACTIVE') throw new AwsError('ServiceNotActiveException', 'Service was not ACTIVE.');
  if (service.deploymentController !== 'EXTERNAL') {
    throw invalidParameter(
      'Amazon ECS only supports task set management on services configured to use external deployment controllers.',
    );
  }
  return service;
}

/** The ARN that an id or ARN of a task set means. Throws `InvalidParameterException` for what is neither. */
export function taskSetArnOf(cluster: Cluster, service: Service, name: string | undefined): string {
  if (name === undefined || name === '') throw invalidParameter('TaskSet can not be blank.');
  if (name.startsWith('arn:')) {
    if (parseArn(name)?.resource.startsWith('task-set/') === true) return name;
  } else if (/^ecs-svc\/\d+$/.test(name)) {
    return taskSetArn(service, cluster.name, service.name, name);
  }
  throw invalidParameter('Task Set Identifier is invalid');
}

/** The task set of a service that an ARN names. */
export function findTaskSet(reader: Reader, service: Service, arn: string): TaskSet | undefined {
  const row = reader.get(taskSets, arn);
  return row?.serviceArn === service.arn ? row : undefined;
}

/** The task set that a request names. Throws `TaskSetNotFoundException`. */
export function needTaskSet(reader: Reader, cluster: Cluster, service: Service, name: string | undefined): TaskSet {
  const row = findTaskSet(reader, service, taskSetArnOf(cluster, service, name));
  if (row === undefined) throw new AwsError('TaskSetNotFoundException', 'The specified task set was not found.');
  return row;
}
