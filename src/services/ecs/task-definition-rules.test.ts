import type { ContainerDefinition, RegisterTaskDefinitionCommandInput } from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import { ctx, ecsFixture, fargateWeb, web } from './fixture.ts';

type Input = RegisterTaskDefinitionCommandInput;
type Refused = readonly [string, Input, string];

/** A Fargate definition of one container that differs from `web` in `container`. */
function withContainer(container: ContainerDefinition, rest: Partial<Input> = {}): Input {
  return { ...fargateWeb, ...rest, containerDefinitions: [{ ...web, ...container }] };
}

/** The same for container instances. */
function onInstances(container: ContainerDefinition, rest: Partial<Input> = {}): Input {
  return { family: 'web', ...rest, containerDefinitions: [{ ...web, memory: 128, ...container }] };
}

describe('RegisterTaskDefinition refuses', () => {
  const rows: readonly Refused[] = [
    [
      'a platform that nobody has',
      { ...fargateWeb, runtimePlatform: { cpuArchitecture: 'RISCV' as 'ARM64' } },
      'RISCV is not a valid value for cpuArchitecture. The value must be one of [X86_64,ARM64]',
    ],
    [
      'a GPU on Fargate',
      withContainer({ resourceRequirements: [{ type: 'GPU', value: '1' }] }),
      'Tasks using the Fargate launch type do not support GPU resource requirements.',
    ],
    [
      'accelerators that ended',
      { ...fargateWeb, inferenceAccelerators: [{ deviceName: 'a', deviceType: 'eia1.medium' }] },
      "Unsupported field 'inferenceAccelerators'.",
    ],
    [
      'a pidMode that is none',
      { ...fargateWeb, pidMode: 'mine' as 'task' },
      'mine is not a valid value for pidMode. The value must be one of [task,host]',
    ],
    [
      "the host's processes on Fargate",
      { ...fargateWeb, pidMode: 'host' },
      "Tasks using the Fargate launch type do not support pidMode 'host'. The supported value for pidMode is 'task'.",
    ],
    [
      'an ipcMode on Fargate',
      { ...fargateWeb, ipcMode: 'task' },
      'Fargate compatible task definitions do not support ipcMode',
    ],
    [
      'placement constraints on Fargate',
      { ...fargateWeb, placementConstraints: [{ type: 'memberOf', expression: 'attribute:a exists' }] },
      'Fargate compatible task definitions do not support constraints',
    ],
    [
      'too little storage',
      { ...fargateWeb, ephemeralStorage: { sizeInGiB: 20 } },
      'EphemeralStorage size should be at least 21',
    ],
    [
      'too much storage',
      { ...fargateWeb, ephemeralStorage: { sizeInGiB: 201 } },
      'EphemeralStorage size should be at most 200',
    ],
    [
      'storage on instances',
      onInstances({}, { requiresCompatibilities: ['EC2'], ephemeralStorage: { sizeInGiB: 30 } }),
      'Tasks using the EC2 launch type do not support EphemeralStorage.',
    ],
    [
      'awsvpc on external instances',
      { ...fargateWeb, requiresCompatibilities: ['EXTERNAL'] },
      "Tasks using the EXTERNAL launch type do not support network mode 'awsvpc'.",
    ],
    [
      'a port range that runs backwards',
      withContainer({ portMappings: [{ containerPortRange: '90-80' }] }),
      "Invalid 'containerPortRange' setting for container 'web'.",
    ],
    [
      'port ranges that overlap',
      withContainer({ portMappings: [{ containerPortRange: '80-90' }, { containerPortRange: '85-95' }] }),
      "TCP container port '85' is used multiple times in task when networkMode=awsvpc.",
    ],
    [
      'a port and a range at once',
      withContainer({ portMappings: [{ containerPort: 80, containerPortRange: '80-90' }] }),
      'cannot specify both single port and port range',
    ],
    [
      'port mappings without a network',
      onInstances({}, { networkMode: 'none' }),
      'Port mappings are not supported on container when networkMode=none.',
    ],
    [
      'a capability that Fargate does not give',
      withContainer({ linuxParameters: { capabilities: { add: ['NET_ADMIN'] } } }),
      'NET_ADMIN is not allowed on Fargate.',
    ],
    [
      'a capability that is none',
      withContainer({ linuxParameters: { capabilities: { drop: ['FLY'] } } }),
      "Invalid 'capabilities' setting for container 'web'. Unknown capability: 'FLY'.",
    ],
    ...(['devices', 'maxSwap', 'swappiness', 'sharedMemorySize'] as const).map((member): Refused => [
      `${member} on Fargate`,
      withContainer({ linuxParameters: { [member]: member === 'devices' ? [{ hostPath: '/dev/null' }] : 1 } }),
      `Fargate compatible task definitions do not support ${member}`,
    ]),
    [
      'a tmpfs at a relative path',
      withContainer({ linuxParameters: { tmpfs: [{ containerPath: 'tmp', size: 1 }] } }),
      "Invalid 'tmpfs' setting for container 'web'. 'containerPath' must be an absolute path.",
    ],
    [
      'a tmpfs with a strange option',
      withContainer({ linuxParameters: { tmpfs: [{ containerPath: '/tmp', size: 1, mountOptions: ['fast'] }] } }),
      "Invalid 'tmpfs' setting for container 'web'. Unknown mount option: 'fast'.",
    ],
    [
      'a swappiness out of range',
      onInstances({ linuxParameters: { swappiness: 101 } }),
      "Invalid 'swappiness' setting for container 'web'. It must be between 0 and 100.",
    ],
    [
      'a kernel parameter that has no namespace',
      withContainer({ systemControls: [{ namespace: 'vm.swappiness', value: '1' }] }),
      "Invalid 'systemControls' setting for container 'web'. 'vm.swappiness' is not a namespaced kernel parameter.",
    ],
    [
      "the machine's network parameters",
      onInstances({ systemControls: [{ namespace: 'net.core.somaxconn', value: '1' }] }, { networkMode: 'host' }),
      "System control 'net.core.somaxconn' is not supported on container when networkMode=host.",
    ],
    [
      "the machine's IPC parameters",
      onInstances({ systemControls: [{ namespace: 'kernel.msgmax', value: '1' }] }, { ipcMode: 'host' }),
      "System control 'kernel.msgmax' is not supported on container when ipcMode=host.",
    ],
    [
      'a security option that is none',
      onInstances({ dockerSecurityOptions: ['none-at-all'] }),
      "Invalid 'dockerSecurityOptions' setting for container 'web'. Unknown option: 'none-at-all'.",
    ],
    [
      'an ulimit whose soft limit is above its hard one',
      withContainer({ ulimits: [{ name: 'nofile', softLimit: 2, hardLimit: 1 }] }),
      'Soft limit exceeds hard limit for ulimit nofile',
    ],
    [
      'a long farewell on Fargate',
      withContainer({ stopTimeout: 121 }),
      'Tasks using the Fargate launch type must have a container stop timeout of less than 120 seconds.',
    ],
    [
      'a Docker volume of no scope',
      onInstances({}, { volumes: [{ name: 'data', dockerVolumeConfiguration: { scope: 'all' as 'task' } }] }),
      "Invalid 'volumes' setting for volume 'data'. Unknown scope: 'all'. Use task or shared.",
    ],
    [
      'provisioning of what is made anyhow',
      onInstances(
        {},
        { volumes: [{ name: 'data', dockerVolumeConfiguration: { scope: 'task', autoprovision: true } }] },
      ),
      "Invalid 'volumes' setting for volume 'data'. 'autoprovision' is only used if the scope is shared.",
    ],
    [
      'a proxy without awsvpc',
      onInstances({}, { proxyConfiguration: { containerName: 'web' } }),
      'APPMESH proxy configuration is only supported in networkMode=awsvpc',
    ],
    [
      'a proxy that is not there',
      { ...fargateWeb, proxyConfiguration: { containerName: 'envoy' } },
      'Proxy container [envoy] does not exist.',
    ],
    [
      'a proxy without its port',
      { ...fargateWeb, proxyConfiguration: { containerName: 'web' } },
      'Ingress port not found',
    ],
  ];

  it.each(rows)('%s', (_, input, message) => {
    const { ecs } = ecsFixture();
    expect(() => ecs.RegisterTaskDefinition(input, ctx)).toThrow(
      expect.objectContaining({ code: 'ClientException', message }),
    );
    expect(ecs.ListTaskDefinitionFamilies({}, ctx).families).toEqual([]);
  });
});
