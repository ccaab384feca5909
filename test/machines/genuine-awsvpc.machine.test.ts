import { DescribeImagesCommand, DescribeInstancesCommand, DescribeNetworkInterfacesCommand } from '@aws-sdk/client-ec2';
import {
  DescribeContainerInstancesCommand,
  DescribeTasksCommand,
  ListContainerInstancesCommand,
  RunTaskCommand,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import { AttachRolePolicyCommand, IAMClient } from '@aws-sdk/client-iam';
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inside, Scene } from '../instances/scene.ts';
import { eventually, must, run } from '../support/clients.ts';

const binary = process.env['AMAZON_ECS_AGENT'];
const patience = 60_000;
/** Where the library for plugins that is in the agent keeps what they answered. */
const pluginCache = '/var/lib/cni';

/** The unmodified amazon-ecs-agent on an EC2 instance of ours: what it is, it learns from the instance's metadata. */
describe.skipIf(binary === undefined)(
  'the genuine amazon-ecs-agent on an instance (AMAZON_ECS_AGENT names its binary)',
  () => {
    const hadCache = existsSync(pluginCache);
    let scene: Scene;
    let kit: string;
    let agent: ChildProcess | undefined;
    let instanceId: string;
    let network: number;
    let task = '';

    beforeAll(async () => {
      kit = mkdtempSync(join(tmpdir(), 'stowage-kit-'));
      scene = await Scene.open('genuine-instances');
      const { clients, installation, cluster } = scene;
      const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
      const iam = new IAMClient({ endpoint: installation.endpoint, region: 'us-east-1', credentials });
      const PolicyArn = 'arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role';
      await iam.send(new AttachRolePolicyCommand({ RoleName: 'ecsInstanceRole', PolicyArn }));
      // One without an agent of ours.
      const Filters = [{ Name: 'name', Values: ['al2023-ami-hvm-*-x86_64'] }];
      const { Images } = await clients.ec2.send(new DescribeImagesCommand({ Filters }));
      const [instance] = await scene.launch(0, {
        ImageId: Images?.[0]?.ImageId,
        IamInstanceProfile: { Name: 'ecsInstanceRole' },
      });
      instanceId = instance?.InstanceId ?? '';
      await eventually('the instance runs', patience, async () => {
        const { Reservations } = await clients.ec2.send(new DescribeInstancesCommand({ InstanceIds: [instanceId] }));
        return Reservations?.[0]?.Instances?.[0]?.State?.Name === 'running' ? true : undefined;
      });
      network = await scene.processOf(instanceId);
      installation.stowage('agent', 'kit', kit, '--ec2', '--cluster', cluster);
      const log = openSync(join(kit, 'out'), 'a');
      agent = spawn('nsenter', [`--net=/proc/${network}/ns/net`, join(kit, 'run.sh'), binary ?? ''], {
        stdio: ['ignore', log, log],
        // Nothing of the developer's own: it heeds every variable that AWS's SDKs do.
        env: {
          PATH: process.env['PATH'],
          ECS_ENABLE_TASK_CPU_MEM_LIMIT: 'false',
          ECS_DISABLE_IMAGE_CLEANUP: 'true',
        },
      });
      closeSync(log);
    });

    afterAll(async () => {
      agent?.kill('SIGKILL');
      if (task !== '') {
        const left = await must('docker', ['ps', '-aq', '--filter', `label=com.amazonaws.ecs.task-arn=${task}`]);
        if (left !== '') await must('docker', ['rm', '--force', ...left.split('\n')]);
      }
      await run('docker', ['rmi', 'amazon/amazon-ecs-pause:0.1.0']);
      if (!hadCache) rmSync(pluginCache, { recursive: true, force: true });
      scene?.installation.remove();
      rmSync(kit, { recursive: true, force: true });
    });

    it('registers with the signed identity document of its instance, and the session of its role', async () => {
      const { ecs } = scene.clients;
      const { cluster } = scene;
      const filter = 'attribute:ecs.capability.task-eni exists and agentConnected == true';
      const found = await eventually('it is connected', patience, async () => {
        if (agent?.exitCode !== null) return [readFileSync(join(kit, 'out'), 'utf8').slice(-2000)];
        const { containerInstanceArns = [] } = await ecs.send(new ListContainerInstancesCommand({ cluster, filter }));
        return containerInstanceArns.length > 0 ? containerInstanceArns : undefined;
      });
      const { containerInstances } = await ecs.send(
        new DescribeContainerInstancesCommand({ cluster, containerInstances: found }),
      );
      expect(containerInstances?.map(({ ec2InstanceId }) => ec2InstanceId)).toEqual([instanceId]);
      expect(containerInstances?.[0]?.attributes).toContainEqual({ name: 'ecs.instance-type', value: 't3.micro' });
    });

    it('runs a task of the mode awsvpc in our VPC, by plugins of ours', async () => {
      const { ecs, ec2 } = scene.clients;
      const { cluster } = scene;
      await scene.define('own', 'awsvpc');
      const { tasks, failures } = await ecs.send(
        new RunTaskCommand({
          cluster,
          taskDefinition: 'own',
          launchType: 'EC2',
          networkConfiguration: scene.awsvpc,
        }),
      );
      expect(failures).toEqual([]);
      task = tasks?.[0]?.taskArn ?? '';
      const reaches = (status: string) =>
        eventually(`the task is ${status}`, patience, async () => {
          const described = await ecs.send(new DescribeTasksCommand({ cluster, tasks: [task] }));
          const one = described.tasks?.[0];
          return one?.lastStatus === status || one?.lastStatus === 'STOPPED' ? one : undefined;
        });
      const running = await reaches('RUNNING');
      expect(running, JSON.stringify(running)).toMatchObject({ lastStatus: 'RUNNING' });
      expect(running.attachments?.[0]?.status).toBe('ATTACHED');
      const address = running.containers?.[0]?.networkInterfaces?.[0]?.privateIpv4Address ?? '';
      // From another interface of the VPC, and from inside: what the agent says of the task.
      const { stdout } = await inside(network, ['curl', '-s', '-m', '5', `http://${address}:8080/`]);
      expect(stdout).toContain('1');
      const container = await must('docker', [
        'ps',
        '--quiet',
        '--filter',
        `label=com.amazonaws.ecs.task-arn=${task}`,
        '--filter',
        'label=com.amazonaws.ecs.container-name=web',
      ]);
      const environment = await must('docker', ['inspect', '--format', '{{json .Config.Env}}', container]);
      const metadata = /ECS_CONTAINER_METADATA_URI_V4=([^"]+)"/.exec(environment)?.[1] ?? '';
      const pid = Number(await must('docker', ['inspect', '--format', '{{.State.Pid}}', container]));
      const told = await inside(pid, ['curl', '-s', '-m', '5', `${metadata}/task`]);
      expect(JSON.parse(told.stdout)).toMatchObject({ TaskARN: task });

      await ecs.send(new StopTaskCommand({ cluster, task }));
      await reaches('STOPPED');
      const Filters = [{ Name: 'private-ip-address', Values: [address] }];
      const { NetworkInterfaces } = await ec2.send(new DescribeNetworkInterfacesCommand({ Filters }));
      expect(NetworkInterfaces).toEqual([]);
    });
  },
);
