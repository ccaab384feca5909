import type { AwsService } from './client.ts';

/** Amazon ECS as its callers know it. */
export const ecs: AwsService = { title: 'ECS', scope: 'ecs' };

/** What stands before the name of an operation of ECS. */
export const ecsTarget = 'AmazonEC2ContainerServiceV20141113';
