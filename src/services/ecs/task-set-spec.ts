import type { UpdateServiceCommandInput } from '@aws-sdk/client-ecs';
import type { Ctx } from '../../aws/handlers.ts';
import type { DeploymentSpec, Service } from '../../model/ecs/service.ts';
import { clusters } from '../../store/tables/ecs.ts';
import type { ServiceDeps } from '../deps.ts';
import { clientException } from './errors.ts';
import { readUpdatedSpec } from './update-service.ts';

/**
 * Reads what a service's next task set is to run: what a deployment of CodeDeploy asks for, and everything else as in the PRIMARY one.
 * Throws as CreateTaskSet does.
 */
export function taskSetReader({ store }: ServiceDeps) {
  return (service: Service, request: Omit<UpdateServiceCommandInput, 'service'>, ctx: Ctx): DeploymentSpec => {
    const cluster = store.get(clusters, service.clusterArn);
    const { primaryTaskSet: primary } = service;
    if (cluster === undefined || primary === undefined) throw clientException('The service has no primary task set.');
    const [before] = primary.loadBalancers;
    // In which of the two target groups it will be is decided when it is made.
    const loadBalancers = (request.loadBalancers ?? []).map((entry) => ({
      ...entry,
      targetGroupArn: before?.targetGroupArn,
    }));
    return readUpdatedSpec(store, cluster, service, primary, { ...request, loadBalancers }, ctx);
  };
}
