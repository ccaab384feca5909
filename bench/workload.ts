import { DescribeSubnetsCommand } from '@aws-sdk/client-ec2';
import {
  CreateClusterCommand,
  RegisterTaskDefinitionCommand,
  type RegisterTaskDefinitionCommandInput,
} from '@aws-sdk/client-ecs';
import { pushHello } from '../test/support/clients.ts';
import type { TestInstallation } from '../test/support/installation.ts';
import { sdk } from '../test/support/web-service.ts';

/** The cluster, and the family of the task definition, that is measured with. */
export const bench = 'bench';

/** What tasks are made from. */
export interface Workload {
  readonly image: string;
  /** The network configuration of a task in a subnet of the default VPC. */
  readonly networkConfiguration: { readonly awsvpcConfiguration: { readonly subnets: string[] } };
}

/** A cluster, an image in the registry, and a Fargate task definition with one container of it, with `more` in both. */
export async function makeWorkload(
  installation: TestInstallation,
  more: Partial<RegisterTaskDefinitionCommandInput> = {},
  moreOfContainer: Partial<NonNullable<RegisterTaskDefinitionCommandInput['containerDefinitions']>[number]> = {},
): Promise<Workload> {
  const { ecs, ec2 } = sdk(installation);
  const image = await pushHello(installation, bench, '1');
  await ecs.send(new CreateClusterCommand({ clusterName: bench }));
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      family: bench,
      requiresCompatibilities: ['FARGATE'],
      networkMode: 'awsvpc',
      cpu: '256',
      memory: '512',
      executionRoleArn: 'arn:aws:iam::000000000000:role/ecsTaskExecutionRole',
      containerDefinitions: [{ name: 'web', image, stopTimeout: 2, ...moreOfContainer }],
      ...more,
    }),
  );
  const found = await ec2.send(new DescribeSubnetsCommand({ Filters: [{ Name: 'default-for-az', Values: ['true'] }] }));
  return {
    image,
    networkConfiguration: { awsvpcConfiguration: { subnets: [found.Subnets?.[0]?.SubnetId ?? ''] } },
  };
}

/** Resolves after so many milliseconds. */
export function pause(ms: number): Promise<void> {
  return new Promise((wake) => setTimeout(wake, ms));
}
