import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  RunInstancesCommand,
  type Instance,
  type RunInstancesCommandInput,
} from '@aws-sdk/client-ec2';
import {
  CreateClusterCommand,
  DescribeTasksCommand,
  ListContainerInstancesCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  type NetworkMode,
  type RunTaskCommandInput,
} from '@aws-sdk/client-ecs';
import {
  AddRoleToInstanceProfileCommand,
  CreateInstanceProfileCommand,
  CreateRoleCommand,
  IAMClient,
} from '@aws-sdk/client-iam';
import { taskContainers } from '../support/containers.ts';
import { eventually, must, pushHello, run, type Ran } from '../support/clients.ts';
import { startInstallation, type TestInstallation } from '../support/installation.ts';
import { sdk } from '../support/web-service.ts';

/** What somebody on an instance, or in a task, is answered when they ask with curl. */
export interface Curled {
  readonly exit: number | null;
  readonly status: number;
  readonly body: string;
}

/** An installation with the default VPC, a group that is open, an image, and a cluster of instances. */
export class Scene {
  readonly installation: TestInstallation;
  readonly clients: ReturnType<typeof sdk>;
  readonly cluster: string;
  readonly image: string;
  readonly subnets: readonly string[];
  readonly group: string;

  private constructor(parts: Pick<Scene, 'installation' | 'clients' | 'cluster' | 'image' | 'subnets' | 'group'>) {
    this.installation = parts.installation;
    this.clients = parts.clients;
    this.cluster = parts.cluster;
    this.image = parts.image;
    this.subnets = parts.subnets;
    this.group = parts.group;
  }

  static async open(cluster: string): Promise<Scene> {
    const installation = await startInstallation();
    const clients = sdk(installation);
    await makeRole(installation);
    const image = await pushHello(installation, cluster, '1');
    await clients.ecs.send(new CreateClusterCommand({ clusterName: cluster }));
    const { Vpcs } = await clients.ec2.send(new DescribeVpcsCommand({}));
    const VpcId = Vpcs?.[0]?.VpcId ?? '';
    const { Subnets = [] } = await clients.ec2.send(new DescribeSubnetsCommand({}));
    const { GroupId: group = '' } = await clients.ec2.send(
      new CreateSecurityGroupCommand({ GroupName: 'open', Description: 'open', VpcId }),
    );
    await clients.ec2.send(
      new AuthorizeSecurityGroupIngressCommand({ GroupId: group, IpProtocol: '-1', CidrIp: '0.0.0.0/0' }),
    );
    const subnets = Subnets.map(({ SubnetId = '' }) => SubnetId);
    return new Scene({ installation, clients, cluster, image, subnets, group });
  }

  /** Starts instances of the cluster and waits until `connected` agents of it are connected. */
  async launch(
    connected: number,
    more: Partial<RunInstancesCommandInput> & { config?: string } = {},
  ): Promise<Instance[]> {
    const { ec2, ecs } = this.clients;
    const { config = '', ...input } = more;
    const Filters = [{ Name: 'name', Values: ['amzn2-ami-ecs-hvm-*-x86_64-ebs'] }];
    const { Images } = await ec2.send(new DescribeImagesCommand({ Filters }));
    const lines = [
      '#!/bin/bash',
      `cat <<'EOF' >> /etc/ecs/ecs.config`,
      `ECS_CLUSTER=${this.cluster}`,
      config,
      'EOF',
      '',
    ];
    const { Instances = [] } = await ec2.send(
      new RunInstancesCommand({
        ImageId: Images?.[0]?.ImageId,
        InstanceType: 't3.micro',
        MinCount: 1,
        MaxCount: 1,
        SubnetId: this.subnets[0],
        SecurityGroupIds: [this.group],
        UserData: Buffer.from(lines.join('\n')).toString('base64'),
        ...input,
      }),
    );
    await eventually(`${connected} agents are connected`, 30_000, async () => {
      const filter = 'agentConnected == true';
      const asked = new ListContainerInstancesCommand({ cluster: this.cluster, filter });
      return (await ecs.send(asked)).containerInstanceArns?.length === connected ? true : undefined;
    });
    const InstanceIds = Instances.map(({ InstanceId = '' }) => InstanceId);
    const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ InstanceIds }));
    return Reservations.flatMap(({ Instances: found = [] }) => found);
  }

  /** Registers a definition of one container that stays. */
  async define(family: string, networkMode: NetworkMode): Promise<void> {
    await this.clients.ecs.send(
      new RegisterTaskDefinitionCommand({
        family,
        networkMode,
        requiresCompatibilities: [networkMode === 'awsvpc' ? 'FARGATE' : 'EC2', 'EC2'],
        executionRoleArn: 'arn:aws:iam::000000000000:role/ecsInstanceRole',
        ...(networkMode === 'awsvpc' ? { cpu: '256', memory: '512' } : {}),
        containerDefinitions: [{ name: 'web', image: this.image, memory: 32 }],
      }),
    );
  }

  /** Runs a task and answers the process of its container once it runs. */
  async start(family: string, more: Partial<RunTaskCommandInput> = {}): Promise<number> {
    const { ecs } = this.clients;
    const { cluster } = this;
    const { tasks, failures } = await ecs.send(new RunTaskCommand({ cluster, taskDefinition: family, ...more }));
    const taskArn = tasks?.[0]?.taskArn;
    if (taskArn === undefined) throw new Error(JSON.stringify(failures));
    await eventually(`${family} runs`, 30_000, async () => {
      const described = await ecs.send(new DescribeTasksCommand({ cluster, tasks: [taskArn] }));
      return described.tasks?.[0]?.lastStatus === 'RUNNING' ? true : undefined;
    });
    const found = (await taskContainers(this.installation)).find(
      ({ task, container }) => task === taskArn && container === 'web',
    );
    if (found === undefined) throw new Error(`${taskArn} has no container`);
    return found.pid;
  }

  get awsvpc() {
    return { awsvpcConfiguration: { subnets: [this.subnets[0] ?? ''], securityGroups: [this.group] } };
  }

  /** The process whose network is an instance's. */
  async processOf(instanceId: string): Promise<number> {
    const id = await must('docker', ['ps', '--quiet', '--filter', `label=stowage.instance=${instanceId}`]);
    return Number(await must('docker', ['inspect', '--format', '{{.State.Pid}}', id]));
  }
}

/** The role of instances, in a profile of the same name. */
async function makeRole({ endpoint }: TestInstallation): Promise<void> {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const iam = new IAMClient({ endpoint, region: 'us-east-1', credentials });
  const AssumeRolePolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }],
  });
  const [RoleName, InstanceProfileName] = ['ecsInstanceRole', 'ecsInstanceRole'];
  await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
  await iam.send(new CreateInstanceProfileCommand({ InstanceProfileName }));
  await iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName, RoleName }));
}

/** Runs a program in the network of a process. */
export function inside(pid: number, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ran> {
  return run('nsenter', [`--net=/proc/${pid}/ns/net`, ...args], env === undefined ? {} : { env });
}

/** Asks the instance metadata service from the network of a process. */
export async function curl(pid: number, path: string, ...args: readonly string[]): Promise<Curled> {
  const url = `http://169.254.169.254${path}`;
  const { status: exit, stdout } = await inside(pid, ['curl', '-s', '-m', '3', '-w', '\n%{http_code}', ...args, url]);
  const at = stdout.lastIndexOf('\n');
  return { exit, status: Number(stdout.slice(at + 1)), body: stdout.slice(0, at) };
}
