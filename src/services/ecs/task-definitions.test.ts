import { describe, expect, it } from 'vitest';
import { ctx, ecsFixture, fargateWeb, web } from './fixture.ts';

const role = 'arn:aws:iam::000000000000:role/execution';

describe('task definitions', () => {
  it('are shown as ECS shows them, with sizes in units and defaults filled in', () => {
    const { ecs } = ecsFixture();
    const { taskDefinition } = ecs.RegisterTaskDefinition(fargateWeb, ctx);
    expect(taskDefinition).toEqual({
      taskDefinitionArn: 'arn:aws:ecs:us-east-1:000000000000:task-definition/web:1',
      family: 'web',
      revision: 1,
      status: 'ACTIVE',
      networkMode: 'awsvpc',
      cpu: '256',
      memory: '512',
      requiresCompatibilities: ['FARGATE'],
      compatibilities: ['EC2', 'FARGATE'],
      requiresAttributes: [
        { name: 'com.amazonaws.ecs.capability.docker-remote-api.1.18' },
        { name: 'ecs.capability.task-eni' },
      ],
      volumes: [],
      placementConstraints: [],
      containerDefinitions: [
        {
          name: 'web',
          image: 'nginx',
          cpu: 0,
          essential: true,
          portMappings: [{ containerPort: 80, hostPort: 80, protocol: 'tcp' }],
          environment: [],
          mountPoints: [],
          volumesFrom: [],
          systemControls: [],
        },
      ],
      registeredAt: new Date(Date.UTC(2026, 0, 1)),
      registeredBy: 'arn:aws:iam::000000000000:root',
    });
  });

  it('tell what an instance needs to run them', () => {
    const { ecs } = ecsFixture();
    const { taskDefinition } = ecs.RegisterTaskDefinition(
      {
        ...fargateWeb,
        executionRoleArn: role,
        taskRoleArn: role,
        containerDefinitions: [
          {
            ...web,
            image: '127.0.0.1:4566/app:1',
            logConfiguration: {
              logDriver: 'awslogs',
              options: { 'awslogs-group': 'g', 'awslogs-region': 'us-east-1', 'awslogs-stream-prefix': 'p' },
            },
          },
        ],
      },
      ctx,
    );
    expect(taskDefinition?.requiresAttributes?.map(({ name }) => name?.replace('com.amazonaws.', ''))).toEqual([
      'ecs.capability.logging-driver.awslogs',
      'ecs.capability.execution-role-awslogs',
      'ecs.capability.ecr-auth',
      'ecs.capability.docker-remote-api.1.19',
      'ecs.capability.task-iam-role',
      'ecs.capability.execution-role-ecr-pull',
      'ecs.capability.docker-remote-api.1.18',
      'ecs.capability.task-eni',
    ]);
  });

  it('may run on Fargate without requiring it, when they are fit for it', () => {
    const { ecs } = ecsFixture();
    const { requiresCompatibilities: _, ...rest } = fargateWeb;
    expect(ecs.RegisterTaskDefinition(rest, ctx).taskDefinition?.compatibilities).toEqual(['EC2', 'FARGATE']);
    const odd = ecs.RegisterTaskDefinition({ ...rest, cpu: '300' }, ctx);
    expect(odd.taskDefinition?.compatibilities).toEqual(['EC2']);
    const bridge = ecs.RegisterTaskDefinition({ family: 'b', containerDefinitions: [{ ...web, memory: 64 }] }, ctx);
    expect(bridge.taskDefinition?.compatibilities).toEqual(['EC2', 'EXTERNAL']);
    expect(bridge.taskDefinition?.containerDefinitions?.[0]?.portMappings).toEqual([
      { containerPort: 80, hostPort: 0, protocol: 'tcp' },
    ]);
  });

  it('are found by family, revision and ARN; tags where asked for', () => {
    const { ecs } = ecsFixture();
    for (const value of ['1', '2']) ecs.RegisterTaskDefinition({ ...fargateWeb, tags: [{ key: 'n', value }] }, ctx);
    const find = (taskDefinition: string) => ecs.DescribeTaskDefinition({ taskDefinition, include: ['TAGS'] }, ctx);
    expect(find('web').taskDefinition?.revision).toBe(2);
    expect(find('web:1').tags).toEqual([{ key: 'n', value: '1' }]);
    expect(find('arn:aws:ecs:us-east-1:000000000000:task-definition/web:1').taskDefinition?.revision).toBe(1);
    expect(ecs.DescribeTaskDefinition({ taskDefinition: 'web' }, ctx)).not.toHaveProperty('tags');

    ecs.DeregisterTaskDefinition({ taskDefinition: 'web:2' }, ctx);
    expect(find('web').taskDefinition?.revision).toBe(1);
    expect(find('web:2').taskDefinition?.status).toBe('INACTIVE');
  });

  it('are listed by family, status and revision, a page at a time', () => {
    const { ecs } = ecsFixture();
    for (let revision = 1; revision <= 11; revision++) ecs.RegisterTaskDefinition(fargateWeb, ctx);
    ecs.RegisterTaskDefinition({ ...fargateWeb, family: 'api' }, ctx);
    ecs.DeregisterTaskDefinition({ taskDefinition: 'web:1' }, ctx);
    const short = (arns: readonly string[] | undefined) => arns?.map((arn) => arn.split('/')[1]);

    const first = ecs.ListTaskDefinitions({ maxResults: 3 }, ctx);
    expect(short(first.taskDefinitionArns)).toEqual(['api:1', 'web:2', 'web:3']);
    const next = ecs.ListTaskDefinitions({ maxResults: 100, nextToken: first.nextToken }, ctx);
    expect(short(next.taskDefinitionArns)).toEqual([4, 5, 6, 7, 8, 9, 10, 11].map((revision) => `web:${revision}`));
    expect(next).not.toHaveProperty('nextToken');
    const newest = ecs.ListTaskDefinitions({ familyPrefix: 'web', sort: 'DESC', maxResults: 1 }, ctx);
    expect(short(newest.taskDefinitionArns)).toEqual(['web:11']);
    expect(short(ecs.ListTaskDefinitions({ status: 'INACTIVE' }, ctx).taskDefinitionArns)).toEqual(['web:1']);
  });

  it('make families, by the status of what is in them', () => {
    const { ecs } = ecsFixture();
    for (const family of ['web', 'api', 'web-old']) ecs.RegisterTaskDefinition({ ...fargateWeb, family }, ctx);
    ecs.DeregisterTaskDefinition({ taskDefinition: 'web-old:1' }, ctx);
    expect(ecs.ListTaskDefinitionFamilies({}, ctx).families).toEqual(['api', 'web', 'web-old']);
    expect(ecs.ListTaskDefinitionFamilies({ familyPrefix: 'web', status: 'ACTIVE' }, ctx).families).toEqual(['web']);
    expect(ecs.ListTaskDefinitionFamilies({ status: 'INACTIVE' }, ctx).families).toEqual(['web-old']);
    expect(() => ecs.ListTaskDefinitions({ sort: 'UP' as 'ASC' }, ctx)).toThrow('sort must be one of ASC, DESC');
  });

  it('are deleted once deregistered, and their numbers never come again', () => {
    const { ecs } = ecsFixture();
    for (let revision = 1; revision <= 2; revision++) ecs.RegisterTaskDefinition(fargateWeb, ctx);
    ecs.DeregisterTaskDefinition({ taskDefinition: 'web:1' }, ctx);
    const { taskDefinitions, failures } = ecs.DeleteTaskDefinitions(
      { taskDefinitions: ['web:1', 'web:2', 'no:1'] },
      ctx,
    );
    expect(taskDefinitions?.map(({ status }) => status)).toEqual(['DELETE_IN_PROGRESS']);
    expect(failures?.map(({ arn }) => arn?.split('/')[1])).toEqual(['web:2', 'no:1']);
    expect(ecs.RegisterTaskDefinition(fargateWeb, ctx).taskDefinition?.revision).toBe(3);
  });
});
