import {
  CodeDeployClient,
  ContinueDeploymentCommand,
  CreateApplicationCommand,
  CreateDeploymentCommand,
  CreateDeploymentConfigCommand,
  CreateDeploymentGroupCommand,
  GetDeploymentCommand,
  GetDeploymentTargetCommand,
  StopDeploymentCommand,
  UpdateDeploymentGroupCommand,
  type DeploymentInfo,
  type ECSTarget,
} from '@aws-sdk/client-codedeploy';
import { DescribeServicesCommand, DescribeTaskDefinitionCommand } from '@aws-sdk/client-ecs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually, must } from '../support/clients.ts';
import { startInstallation, type TestInstallation } from '../support/installation.ts';
import { createWebService, sdk, type WebService } from '../support/web-service.ts';
import { buildServer, Stage } from './scene.ts';

// CodeDeploy's deployments on real containers, under a constant load of requests, kept connections and WebSockets.

const patienceMs = 300_000;
/** How many requests are to be answered. */
const atLeast = 100_000;
const name = 'codedeploy';

let installation: TestInstallation;
let image: string;
let folder: string;
beforeAll(async () => {
  [installation, image] = await Promise.all([startInstallation(), buildServer()]);
  folder = await mkdtemp(join(tmpdir(), 'stowage-codedeploy-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  installation.remove();
});

/** Whether the CLI goes where AWS_ENDPOINT_URL says: `aws ecs deploy` cannot be told otherwise where CodeDeploy is. */
async function heedsEndpoint(): Promise<boolean> {
  const said = await must('aws', ['--version'], { env: installation.env });
  const [, major = 0, minor = 0] = (/aws-cli\/(\d+)\.(\d+)/.exec(said) ?? []).map(Number);
  return major > 2 || minor >= (major === 1 ? 29 : 13);
}

function codedeploy(): CodeDeployClient {
  return new CodeDeployClient({
    endpoint: installation.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
}

function appSpec(taskDefinition: string, hooks: object[] = []): string {
  const LoadBalancerInfo = { ContainerName: 'web', ContainerPort: 8080 };
  const Properties = { TaskDefinition: taskDefinition, LoadBalancerInfo };
  const Resources = [{ TargetService: { Type: 'AWS::ECS::Service', Properties } }];
  return JSON.stringify({ version: 0, Resources, Hooks: hooks });
}

async function deploy(taskDefinition: string, deploymentConfigName?: string): Promise<string> {
  const { deploymentId = '' } = await codedeploy().send(
    new CreateDeploymentCommand({
      applicationName: name,
      deploymentGroupName: name,
      deploymentConfigName,
      revision: { revisionType: 'AppSpecContent', appSpecContent: { content: appSpec(taskDefinition) } },
    }),
  );
  return deploymentId;
}

/** Resolves once a deployment is what it is to be. */
function reached(
  deploymentId: string,
  what: string,
  is: (deployment: DeploymentInfo, target: ECSTarget) => boolean,
): Promise<DeploymentInfo> {
  const client = codedeploy();
  return eventually(what, patienceMs, async () => {
    const { deploymentInfo = {} } = await client.send(new GetDeploymentCommand({ deploymentId }));
    if (deploymentInfo.startTime === undefined) return undefined;
    const asked = { deploymentId, targetId: `${name}:${name}` };
    const { deploymentTarget } = await client.send(new GetDeploymentTargetCommand(asked));
    return is(deploymentInfo, deploymentTarget?.ecsTarget ?? {}) ? deploymentInfo : undefined;
  });
}

const succeeded = ({ status }: DeploymentInfo): boolean => {
  expect(status).not.toBe('Failed');
  return status === 'Succeeded';
};

const shifted =
  (percent: number) =>
  (_: DeploymentInfo, { taskSetsInfo = [] }: ECSTarget): boolean =>
    taskSetsInfo.some(({ taskSetLabel, trafficWeight }) => taskSetLabel === 'Green' && trafficWeight === percent);

/** Resolves once one task set is left, with so many tasks. */
async function alone(service: WebService, count: number): Promise<void> {
  const { ecs } = sdk(installation);
  await eventually(`${count} tasks of one task set`, patienceMs, async () => {
    const { services } = await ecs.send(new DescribeServicesCommand({ cluster: name, services: [name] }));
    const [one, ...more] = services?.[0]?.taskSets ?? [];
    const steady = one?.status === 'PRIMARY' && one.stabilityStatus === 'STEADY_STATE' && one.runningCount === count;
    return more.length === 0 && steady && (await service.tasks()).length === count ? true : undefined;
  });
}

it('deploys with `aws ecs deploy`, shifts by steps, continues, stops and rolls back, and loses no request', async () => {
  const service = await createWebService(installation, { name, image, count: 2, codeDeploy: true });
  const stage = new Stage(installation, service);
  await alone(service, 2);
  await stage.answer({ production: 'revision 1' });
  const client = codedeploy();
  const { ecs } = sdk(installation);
  await client.send(new CreateApplicationCommand({ applicationName: name, computePlatform: 'ECS' }));
  await client.send(
    new CreateDeploymentConfigCommand({
      deploymentConfigName: 'half',
      computePlatform: 'ECS',
      trafficRoutingConfig: { type: 'TimeBasedCanary', timeBasedCanary: { canaryPercentage: 50, canaryInterval: 1 } },
    }),
  );
  const waits = {
    deploymentReadyOption: { actionOnTimeout: 'CONTINUE_DEPLOYMENT' },
    terminateBlueInstancesOnDeploymentSuccess: { action: 'TERMINATE', terminationWaitTimeInMinutes: 0 },
  } as const;
  await client.send(
    new CreateDeploymentGroupCommand({
      applicationName: name,
      deploymentGroupName: name,
      serviceRoleArn: 'arn:aws:iam::000000000000:role/ecsCodeDeployRole',
      deploymentStyle: { deploymentType: 'BLUE_GREEN', deploymentOption: 'WITH_TRAFFIC_CONTROL' },
      blueGreenDeploymentConfiguration: waits,
      loadBalancerInfo: {
        targetGroupPairInfoList: [
          {
            targetGroups: [{ name }, { name: `${name}-alternate` }],
            prodTrafficRoute: { listenerArns: [service.listenerArn] },
            testTrafficRoute: { listenerArns: [service.testListenerArn ?? ''] },
          },
        ],
      },
      ecsServices: [{ clusterName: name, serviceName: name }],
    }),
  );

  const sum = { requests: 0 };
  const count = async (happen: () => Promise<void>): Promise<void> => {
    sum.requests += (await stage.underLoad(happen)).requests;
  };

  await count(async () => {
    // The client registers the definition, writes its ARN into the AppSpec file and waits until the deployment succeeded.
    const arn = await service.register(image, { REVISION: '2' });
    const described = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: arn }));
    const { family, networkMode, cpu, memory, executionRoleArn, containerDefinitions } = described.taskDefinition ?? {};
    const definition = {
      family,
      networkMode,
      cpu,
      memory,
      executionRoleArn,
      containerDefinitions,
      requiresCompatibilities: ['FARGATE'],
    };
    await writeFile(join(folder, 'taskdef.json'), JSON.stringify(definition));
    await writeFile(join(folder, 'appspec.yaml'), appSpec('<TASK_DEFINITION>'));
    if (await heedsEndpoint()) {
      const said = await must(
        'aws',
        [
          'ecs',
          'deploy',
          `--cluster=${name}`,
          `--service=${name}`,
          `--task-definition=${join(folder, 'taskdef.json')}`,
          `--codedeploy-appspec=${join(folder, 'appspec.yaml')}`,
          `--codedeploy-application=${name}`,
          `--codedeploy-deployment-group=${name}`,
        ],
        { env: installation.env },
      );
      expect(said).toContain('Successfully deployed');
    } else {
      await reached(await deploy(arn), 'it succeeded', succeeded);
    }
    await alone(service, 2);
    await stage.answer({ production: 'revision 2' });
  });

  await count(async () => {
    // A canary that waits until it may begin, and keeps the original until it may go.
    await client.send(
      new UpdateDeploymentGroupCommand({
        applicationName: name,
        currentDeploymentGroupName: name,
        blueGreenDeploymentConfiguration: {
          deploymentReadyOption: { actionOnTimeout: 'STOP_DEPLOYMENT', waitTimeInMinutes: 60 },
          terminateBlueInstancesOnDeploymentSuccess: { action: 'TERMINATE', terminationWaitTimeInMinutes: 60 },
        },
      }),
    );
    const id = await deploy(await service.register(image, { REVISION: '3' }), 'half');
    await reached(id, 'it is ready', ({ status }) => status === 'Ready');
    await stage.answer({ production: 'revision 2' });
    await must(
      'aws',
      [
        '--endpoint-url',
        installation.endpoint,
        'deploy',
        'continue-deployment',
        '--deployment-id',
        id,
        '--deployment-wait-type',
        'READY_WAIT',
      ],
      {
        env: installation.env,
      },
    );
    await reached(id, 'half of the traffic is shifted', shifted(50));
    await reached(id, 'all of the traffic is shifted', shifted(100));
    await reached(id, 'it waits', ({ instanceTerminationWaitTimeStarted: waiting }) => waiting === true);
    await client.send(new ContinueDeploymentCommand({ deploymentId: id, deploymentWaitType: 'TERMINATION_WAIT' }));
    await reached(id, 'it succeeded', succeeded);
    await alone(service, 2);
    await stage.answer({ production: 'revision 3' });
  });

  await client.send(
    new UpdateDeploymentGroupCommand({
      applicationName: name,
      currentDeploymentGroupName: name,
      blueGreenDeploymentConfiguration: waits,
    }),
  );
  for (let round = 0; round === 0 || sum.requests < atLeast; round += 1) {
    await count(async () => {
      // Turned back in the middle of a canary, then all at once.
      const id = await deploy(await service.register(image, { REVISION: 'other' }), 'half');
      await reached(id, 'half of the traffic is shifted', shifted(50));
      await client.send(new StopDeploymentCommand({ deploymentId: id, autoRollbackEnabled: true }));
      const { rollbackInfo } = await reached(id, 'it is stopped', ({ status }) => status === 'Stopped');
      await reached(rollbackInfo?.rollbackDeploymentId ?? '', 'it is rolled back', succeeded);
      await alone(service, 2);
      await stage.answer({ production: round === 0 ? 'revision 3' : `revision round-${round}` });
      const next = await deploy(await service.register(image, { REVISION: `round-${round + 1}` }));
      await reached(next, 'it succeeded', succeeded);
      await alone(service, 2);
      await stage.answer({ production: `revision round-${round + 1}` });
    });
  }
  console.info(`codedeploy: ${sum.requests} requests, none failed`);
});
