import type * as acm from '@aws-sdk/client-acm';
import type * as autoscaling from '@aws-sdk/client-auto-scaling';
import type * as cloudwatch from '@aws-sdk/client-cloudwatch';
import type * as logs from '@aws-sdk/client-cloudwatch-logs';
import type * as codedeploy from '@aws-sdk/client-codedeploy';
import type * as ec2 from '@aws-sdk/client-ec2';
import type * as ecr from '@aws-sdk/client-ecr';
import type * as ecs from '@aws-sdk/client-ecs';
import type * as elb from '@aws-sdk/client-elastic-load-balancing';
import type * as elbv2 from '@aws-sdk/client-elastic-load-balancing-v2';
import type * as iam from '@aws-sdk/client-iam';
import type * as kms from '@aws-sdk/client-kms';
import type * as s3 from '@aws-sdk/client-s3';
import type * as secretsmanager from '@aws-sdk/client-secrets-manager';
import type * as ssm from '@aws-sdk/client-ssm';
import type * as sts from '@aws-sdk/client-sts';
import type { Handlers } from './handlers.ts';
import type { ServiceId } from './service-table.ts';

/** The handlers of every service, as the front takes them. A service that is left out serves nothing. */
export interface Services {
  readonly ecs?: Handlers<typeof ecs>;
  readonly ecr?: Handlers<typeof ecr>;
  readonly elb?: Handlers<typeof elb>;
  readonly elbv2?: Handlers<typeof elbv2>;
  readonly ec2?: Handlers<typeof ec2>;
  readonly autoscaling?: Handlers<typeof autoscaling>;
  readonly logs?: Handlers<typeof logs>;
  readonly cloudwatch?: Handlers<typeof cloudwatch>;
  readonly iam?: Handlers<typeof iam>;
  readonly s3?: Handlers<typeof s3>;
  readonly sts?: Handlers<typeof sts>;
  readonly kms?: Handlers<typeof kms>;
  readonly ssm?: Handlers<typeof ssm>;
  readonly secretsmanager?: Handlers<typeof secretsmanager>;
  readonly acm?: Handlers<typeof acm>;
  readonly codedeploy?: Handlers<typeof codedeploy>;
}

/** The same, where handlers may also be a function that loads them: it is called when the service is first asked for. */
export type ServiceSource = {
  readonly [Id in keyof Services]: Services[Id] | (() => Promise<NonNullable<Services[Id]>>);
};

/** The handlers of one service, loaded. */
export async function handlersOf(source: ServiceSource, id: ServiceId): Promise<Services[ServiceId]> {
  const found = source[id];
  return typeof found === 'function' ? found() : found;
}

/** The names of the operations that `services` serves of `id`. */
export function servedBy(services: Services, id: ServiceId): string[] {
  const handlers: Readonly<Record<string, unknown>> = services[id] ?? {};
  return Object.keys(handlers)
    .filter((name) => typeof handlers[name] === 'function')
    .toSorted();
}
