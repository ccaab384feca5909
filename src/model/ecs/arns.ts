import { arn } from '../../base/arn.ts';
import type { Scoped } from '../tags.ts';

/** `arn:aws:ecs:<region>:<account>:cluster/<name>`. */
export function clusterArn(scope: Scoped, name: string): string {
  return arn('ecs', scope.region, scope.account, `cluster/${name}`);
}

/** `arn:aws:ecs:<region>:<account>:task-definition/<family>:<revision>`. */
export function taskDefinitionArn(scope: Scoped, family: string, revision: number): string {
  return arn('ecs', scope.region, scope.account, `task-definition/${family}:${revision}`);
}

/** `arn:aws:ecs:<region>:<account>:task/<cluster>/<id>`: the long format, the only one there is since 2021. */
export function taskArn(scope: Scoped, clusterName: string, id: string): string {
  return arn('ecs', scope.region, scope.account, `task/${clusterName}/${id}`);
}

/** `arn:aws:ecs:<region>:<account>:container/<cluster>/<task id>/<id>`. */
export function containerArn(scope: Scoped, clusterName: string, taskId: string, id: string): string {
  return arn('ecs', scope.region, scope.account, `container/${clusterName}/${taskId}/${id}`);
}

/** `arn:aws:ecs:<region>:<account>:service/<cluster>/<name>`. */
export function serviceArn(scope: Scoped, clusterName: string, name: string): string {
  return arn('ecs', scope.region, scope.account, `service/${clusterName}/${name}`);
}

/** `arn:aws:ecs:<region>:<account>:service-revision/<cluster>/<service>/<number>`. */
export function serviceRevisionArn(scope: Scoped, clusterName: string, serviceName: string, number: string): string {
  return arn('ecs', scope.region, scope.account, `service-revision/${clusterName}/${serviceName}/${number}`);
}

/** `arn:aws:ecs:<region>:<account>:service-deployment/<cluster>/<service>/<id>`. */
export function serviceDeploymentArn(scope: Scoped, clusterName: string, serviceName: string, id: string): string {
  return arn('ecs', scope.region, scope.account, `service-deployment/${clusterName}/${serviceName}/${id}`);
}

/** `arn:aws:ecs:<region>:<account>:task-set/<cluster>/<service>/ecs-svc/<number>`; `id` is the last two parts. */
export function taskSetArn(scope: Scoped, clusterName: string, serviceName: string, id: string): string {
  return arn('ecs', scope.region, scope.account, `task-set/${clusterName}/${serviceName}/${id}`);
}

/** `arn:aws:ecs:<region>:<account>:container-instance/<cluster>/<id>`. */
export function containerInstanceArn(scope: Scoped, clusterName: string, id: string): string {
  return arn('ecs', scope.region, scope.account, `container-instance/${clusterName}/${id}`);
}

/** `arn:aws:ecs:<region>:<account>:capacity-provider/<name>`. */
export function capacityProviderArn(scope: Scoped, name: string): string {
  return arn('ecs', scope.region, scope.account, `capacity-provider/${name}`);
}

/** The part after the last slash of an ARN, or the text itself: the short name by which ECS lets a resource be called. */
export function shortName(arnOrName: string): string {
  return arnOrName.slice(arnOrName.lastIndexOf('/') + 1);
}
