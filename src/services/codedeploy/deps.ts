import type { LoadBalancer, NetworkConfiguration, CapacityProviderStrategyItem } from '@aws-sdk/client-ecs';
import type { Ctx } from '../../aws/handlers.ts';
import type { DeploymentSpec, Service } from '../../model/ecs/service.ts';
import type { ServiceDeps } from '../deps.ts';

/** What a new task set is to run, as ECS's CreateTaskSet is asked for it. */
export interface TaskSetRequest {
  readonly taskDefinition: string;
  readonly loadBalancers: LoadBalancer[];
  readonly platformVersion?: string;
  readonly networkConfiguration?: NetworkConfiguration;
  readonly capacityProviderStrategy?: CapacityProviderStrategyItem[];
}

/** What CodeDeploy is made from: it asks ECS and S3 as any client of theirs would. */
export interface CodeDeployDeps extends ServiceDeps {
  /** What a service's next task set is to run; what the request does not say is as in its PRIMARY one. Throws ECS's errors. */
  readonly readTaskSet: (service: Service, request: TaskSetRequest, ctx: Ctx) => DeploymentSpec;
  /** The text of an object. Throws S3's errors, and for one of more than `mostBytes`. */
  readonly readObject: (object: ObjectName, mostBytes: number, ctx: Ctx) => Promise<string>;
}

/** An object in S3. */
export interface ObjectName {
  readonly bucket: string;
  readonly key: string;
  readonly version?: string;
  readonly eTag?: string;
}
