import { spawnSync } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { runCommand } from '../../base/command.ts';
import { systemIds } from '../../base/ids.ts';
import { silentLog } from '../../base/log.ts';
import { createFront } from '../../aws/front.ts';
import { serverOptions } from '../../aws/server-options.ts';
import type { Service } from '../../model/ecs/service.ts';
import type { Task } from '../../model/ecs/task.ts';
import { services, tasks } from '../../store/tables/ecs.ts';
import { ecsFixture } from './fixture.ts';

/** Whether a client is there; where it is not, its tests skip and say so. */
function has(program: string, ...args: string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0;
}

const fixture = ecsFixture();
let server: Server;
let endpoint: string;

/** What loops and machines would do, done to every row at once. */
const play: Readonly<Record<string, () => void>> = {
  start() {
    const run = (row: Task): Task => ({ ...row, lastStatus: 'RUNNING', startedAt: systemClock.now() });
    const settle = (row: Service): Service => ({
      ...row,
      deployments: row.deployments
        .slice(0, 1)
        .map((deployment) => ({ ...deployment, runningCount: row.desiredCount, rolloutState: 'COMPLETED' })),
    });
    fixture.store.transact((tx) => {
      for (const row of tx.list(tasks)) tx.put(tasks, run(row));
      for (const row of tx.list(services)) tx.put(services, settle(row));
    });
  },
  stop() {
    fixture.store.transact((tx) => {
      for (const row of tx.list(tasks)) tx.put(tasks, { ...row, lastStatus: 'STOPPED', desiredStatus: 'STOPPED' });
      for (const row of tx.list(services)) tx.put(services, { ...row, status: 'INACTIVE', deployments: [] });
    });
  },
};

beforeAll(async () => {
  server = createServer(
    serverOptions,
    createFront({
      services: { ecs: fixture.ecs },
      authentication: { verify: false, credential: () => undefined, account: '000000000000', region: 'us-east-1' },
      clock: systemClock,
      ids: systemIds,
      log: silentLog,
      commits: fixture.store,
      rawRoutes: [
        {
          prefix: '/play/',
          handle(request, response) {
            play[request.url?.slice('/play/'.length) ?? '']?.();
            response.end();
          },
        },
      ],
    }),
  );
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  const address = server.address();
  endpoint = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const environment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  AWS_ENDPOINT_URL: endpoint,
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_DEFAULT_REGION: 'us-east-1',
  AWS_PAGER: '',
});

describe.skipIf(!has('python3', '-c', 'import boto3'))('boto3 (skipped where it is not installed)', () => {
  it('runs the Fargate walkthrough, waiters and paginators included', async () => {
    const script = `
import json, os, urllib.request, boto3
ecs = boto3.client('ecs')
play = lambda what: urllib.request.urlopen(os.environ['AWS_ENDPOINT_URL'] + '/play/' + what).read()
soon = {'Delay': 1, 'MaxAttempts': 5}
seen = {}
ecs.create_cluster(clusterName='FargateCluster', settings=[{'name': 'containerInsights', 'value': 'enabled'}])
td = ecs.register_task_definition(
    family='python-web-app', networkMode='awsvpc', cpu='.5vCPU', memory='1GB',
    taskRoleArn='arn:aws:iam::000000000000:role/app', executionRoleArn='arn:aws:iam::000000000000:role/execution',
    requiresCompatibilities=['FARGATE'],
    containerDefinitions=[{
        'name': 'web', 'image': '000000000000.dkr.ecr.us-east-1.amazonaws.com/hello-world:latest',
        'portMappings': [{'containerPort': 8080}], 'essential': True,
        'healthCheck': {'command': ['CMD-SHELL', 'true']},
        'logConfiguration': {'logDriver': 'awslogs', 'options': {
            'awslogs-group': '/ecs/web', 'awslogs-region': 'us-east-1', 'awslogs-stream-prefix': 'ecs'}},
    }])['taskDefinition']
seen['size'] = [td['cpu'], td['memory']]
seen['registered'] = td['registeredAt'].year
network = {'awsvpcConfiguration': {'subnets': ['subnet-a', 'subnet-b'], 'assignPublicIp': 'ENABLED'}}
group = 'arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/ip/1'
ecs.create_service(
    cluster='FargateCluster', serviceName='web', taskDefinition='python-web-app', desiredCount=2, launchType='FARGATE',
    networkConfiguration=network, healthCheckGracePeriodSeconds=30,
    loadBalancers=[{'targetGroupArn': group, 'containerName': 'web', 'containerPort': 8080}])
run = ecs.run_task(cluster='FargateCluster', taskDefinition='python-web-app', launchType='FARGATE', networkConfiguration=network)
task = run['tasks'][0]['taskArn']
play('start')
ecs.get_waiter('tasks_running').wait(cluster='FargateCluster', tasks=[task], WaiterConfig=soon)
ecs.get_waiter('services_stable').wait(cluster='FargateCluster', services=['web'], WaiterConfig=soon)
ecs.tag_resource(resourceArn=task, tags=[{'key': 'a', 'value': 'b'}])
seen['tags'] = ecs.list_tags_for_resource(resourceArn=task)['tags']
seen['listed'] = len(list(ecs.get_paginator('list_tasks').paginate(cluster='FargateCluster'))[0]['taskArns'])
ecs.stop_task(cluster='FargateCluster', task=task, reason='done')
try:
    ecs.delete_service(cluster='FargateCluster', service='web')
except ecs.exceptions.InvalidParameterException as error:
    seen['refused'] = str(error)
try:
    ecs.run_task(cluster='none', taskDefinition='python-web-app')
except ecs.exceptions.ClusterNotFoundException as error:
    seen['cluster'] = str(error)
ecs.delete_service(cluster='FargateCluster', service='web', force=True)
play('stop')
ecs.get_waiter('tasks_stopped').wait(cluster='FargateCluster', tasks=[task], WaiterConfig=soon)
ecs.get_waiter('services_inactive').wait(cluster='FargateCluster', services=['web'], WaiterConfig=soon)
stopped = ecs.describe_tasks(cluster='FargateCluster', tasks=[task], include=['TAGS'])['tasks'][0]
seen['stopped'] = [stopped['stopCode'], stopped['stoppedReason'], stopped['tags']]
ecs.deregister_task_definition(taskDefinition='python-web-app:1')
seen['deleted'] = ecs.delete_cluster(cluster='FargateCluster')['cluster']['status']
print(json.dumps(seen))
`;
    const { stdout } = await runCommand('python3', ['-c', script], { env: environment() });
    const year = new Date(fixture.clock.now()).getUTCFullYear();
    expect(JSON.parse(stdout)).toEqual({
      size: ['512', '1024'],
      registered: year,
      tags: [{ key: 'a', value: 'b' }],
      listed: 1,
      refused:
        'An error occurred (InvalidParameterException) when calling the DeleteService operation: The service cannot be stopped while it is scaled above 0.',
      cluster: 'An error occurred (ClusterNotFoundException) when calling the RunTask operation: Cluster not found.',
      stopped: ['UserInitiated', 'done', [{ key: 'a', value: 'b' }]],
      deleted: 'INACTIVE',
    });
  });
});

describe.skipIf(!has('aws', '--version'))('the aws CLI (skipped where it is not installed)', () => {
  const aws = async (...args: string[]): Promise<unknown> => {
    // The endpoint as an option: a CLI older than AWS_ENDPOINT_URL knows nothing else.
    const line = ['--endpoint-url', endpoint, 'ecs', ...args, '--output', 'json'];
    const { stdout } = await runCommand('aws', line, { env: environment() });
    return JSON.parse(stdout);
  };

  it('registers a definition and gives the reason of a refusal', async () => {
    const containers = JSON.stringify([{ name: 'web', image: 'nginx', portMappings: [{ containerPort: 80 }] }]);
    const fargate = '--network-mode awsvpc --requires-compatibilities FARGATE --family cli --cpu .5vCPU'.split(' ');
    const register = (memory: string): Promise<unknown> =>
      aws('register-task-definition', ...fargate, '--memory', memory, '--container-definitions', containers);
    expect(await register('2 GB')).toMatchObject({ taskDefinition: { cpu: '512', memory: '2048', revision: 1 } });
    await expect(register('8 GB')).rejects.toThrow(
      'An error occurred (ClientException) when calling the RegisterTaskDefinition operation: No Fargate configuration exists for given values: 512 CPU, 8192 memory.',
    );
  });
});
