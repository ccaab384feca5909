import type { RegisterTaskDefinitionCommandInput, Task, TaskDefinition } from '@aws-sdk/client-ecs';
import { expect } from 'vitest';
import type { DefinitionName } from './definitions.ts';

/** What came of one definition on the machine. */
export interface Seen {
  /** DescribeTaskDefinition's answer. */
  readonly definition: TaskDefinition;
  /** DescribeTasks' answer while the task ran and its health was known. */
  readonly task: Task;
  /** What a container saw of itself: the value of one of its probes (see definitions.ts). */
  readonly saw: (container: string, probe: string) => string;
  /** What the engine says of a container (`docker inspect`). */
  readonly engine: (container: string) => EngineContainer;
  /** The labels of a volume of the engine. */
  readonly volumeLabels: (volume: string) => Readonly<Record<string, string>>;
}

/** The members of `docker inspect` that are looked at. */
export interface EngineContainer {
  readonly Name: string;
  readonly Image: string;
  readonly State: { readonly Running: boolean };
  readonly Config: {
    readonly Image: string;
    readonly Labels: Readonly<Record<string, string>>;
    readonly OpenStdin: boolean;
    readonly Tty: boolean;
    readonly Healthcheck?: { readonly Test: string[]; readonly Interval: number; readonly Timeout: number } & {
      readonly Retries: number;
      readonly StartPeriod: number;
    };
  };
  readonly HostConfig: Readonly<Record<string, unknown>>;
  readonly Mounts: readonly { readonly Name?: string; readonly Driver?: string }[];
}

/** How it is seen that a member does what it does on AWS, or that it is refused. */
export type Row =
  /** Its effect, on real containers of one of the definitions. */
  | { readonly on: DefinitionName; readonly effect: (seen: Seen) => void }
  /** The refusal that it gets when it is registered. */
  | { readonly refused: Omit<RegisterTaskDefinitionCommandInput, 'family'>; readonly message: string }
  /** The test file that shows its effect, and mentions it. */
  | { readonly in: string };

const fargate = (effect: (seen: Seen) => void): Row => ({ on: 'fargate', effect });
const bridge = (effect: (seen: Seen) => void): Row => ({ on: 'bridge', effect });
const memory = (effect: (seen: Seen) => void): Row => ({ on: 'memory', effect });
const together = (effect: (seen: Seen) => void): Row => ({ on: 'together', effect });

const app = { name: 'app', image: 'app', memory: 64 };
const refused = (
  definition: Omit<RegisterTaskDefinitionCommandInput, 'family' | 'containerDefinitions'>,
  message: string,
): Row => ({ refused: { containerDefinitions: [app], ...definition }, message });
const refusedIn = (
  container: NonNullable<RegisterTaskDefinitionCommandInput['containerDefinitions']>[number],
  message: string,
): Row => ({ refused: { containerDefinitions: [{ ...app, ...container }] }, message });

const noEfs = refused(
  { volumes: [{ name: 'v', efsVolumeConfiguration: { fileSystemId: 'fs-1' } }] },
  "volumes[0].efsVolumeConfiguration isn't supported by Stowage: there are no Amazon EFS file systems.",
);
const noS3Files = refused(
  { volumes: [{ name: 'v', s3filesVolumeConfiguration: { fileSystemArn: 'arn' } }] },
  "volumes[0].s3filesVolumeConfiguration isn't supported by Stowage: there are no Amazon S3 Files file systems.",
);
const noFsx = refused(
  {
    volumes: [
      {
        name: 'v',
        fsxWindowsFileServerVolumeConfiguration: {
          fileSystemId: 'fs-1',
          rootDirectory: '/',
          authorizationConfig: { credentialsParameter: 'a', domain: 'b' },
        },
      },
    ],
  },
  "volumes[0].fsxWindowsFileServerVolumeConfiguration isn't supported by Stowage: there are no Amazon FSx file systems.",
);
const noAccelerators = refused(
  { inferenceAccelerators: [{ deviceName: 'a', deviceType: 'eia1.medium' }] },
  "Unsupported field 'inferenceAccelerators'.",
);
const noProxy: Row = {
  refused: {
    networkMode: 'awsvpc',
    containerDefinitions: [app],
    proxyConfiguration: {
      containerName: 'app',
      properties: ['ProxyIngressPort', 'ProxyEgressPort', 'AppPorts', 'EgressIgnoredIPs', 'IgnoredUID'].map((name) => ({
        name,
        value: '1',
      })),
    },
  },
  message:
    "proxyConfiguration isn't supported by Stowage: AWS App Mesh ended in 2026, and there is no proxy that it would configure.",
};
const noSharing = refusedIn(
  { resourceRequirements: [{ type: 'GPU', sharingStrategy: { nvidiaMps: { memory: 1024 } } }] },
  "resourceRequirements.sharingStrategy isn't supported by Stowage yet.",
);

const nanoseconds = 1e9;

/** A row for every member of RegisterTaskDefinition's input; `table.test.ts` holds them to the SDK's model. */
export const rows: Readonly<Record<string, Row>> = {
  family: fargate(({ engine }) => expect(engine('main').Name).toMatch(/^\/ecs-fields-fargate-1-main-/)),
  taskRoleArn: fargate(({ saw }) => expect(saw('main', 'role')).toMatch(/^\/v2\/credentials\//)),
  executionRoleArn: { in: 'test/secrets/secrets.machine.test.ts' },
  networkMode: fargate(({ saw, task }) => {
    const address = task.containers?.[0]?.networkInterfaces?.[0]?.privateIpv4Address;
    expect(saw('main', 'address')).toBe(`inet ${address}`);
    expect(saw('peer', 'address')).toBe(`inet ${address}`);
  }),
  requiresCompatibilities: fargate(({ definition }) => expect(definition.compatibilities).toContain('FARGATE')),
  cpu: fargate(({ engine, task }) => {
    expect(task.cpu).toBe('512');
    expect(engine('peer').HostConfig['NanoCpus']).toBe(500_000_000);
  }),
  // A container without a limit of its own has the task's.
  memory: fargate(({ saw }) => expect(saw('peer', 'memory')).toBe(String(1024 * 2 ** 20))),
  'tags.key': fargate(({ task }) => expect(task.tags?.map(({ key }) => key)).toContain('team')),
  'tags.value': fargate(({ task }) => expect(task.tags).toContainEqual({ key: 'team', value: 'fields' })),
  pidMode: together(({ saw }) => {
    expect(saw('main', 'processes')).toBe('1');
    expect(saw('main', 'init')).toBe('pause');
  }),
  ipcMode: memory(({ saw }) => expect(saw('main', 'note')).toBe('shared')),
  'ephemeralStorage.sizeInGiB': fargate(({ task }) => expect(task.ephemeralStorage?.sizeInGiB).toBe(30)),
  'runtimePlatform.cpuArchitecture': fargate(({ task, saw }) => {
    const machine = saw('main', 'machine');
    const value = machine === 'aarch64' ? 'arm64' : machine;
    expect(task.attributes).toContainEqual({ name: 'ecs.cpu-architecture', value });
  }),
  'runtimePlatform.operatingSystemFamily': fargate(({ task, definition }) => {
    expect(definition.runtimePlatform?.operatingSystemFamily).toBe('LINUX');
    expect(task.platformFamily).toBe('Linux');
  }),
  enableFaultInjection: { in: 'test/in-task/in-task.machine.test.ts' },
  'placementConstraints.type': { in: 'src/services/ecs/tasks.test.ts' },
  'placementConstraints.expression': { in: 'src/services/ecs/tasks.test.ts' },
  'proxyConfiguration.containerName': noProxy,
  'proxyConfiguration.type': noProxy,
  'proxyConfiguration.properties.name': noProxy,
  'proxyConfiguration.properties.value': noProxy,
  'inferenceAccelerators.deviceName': noAccelerators,
  'inferenceAccelerators.deviceType': noAccelerators,

  'volumes.name': fargate(({ saw }) => expect(saw('main', 'first')).toMatch(/^written /)),
  'volumes.host.sourcePath': bridge(({ saw }) => expect(saw('main', 'path')).toBe('from the machine')),
  // A shared volume has its own name, a task's one that no other has.
  'volumes.dockerVolumeConfiguration.scope': bridge(({ engine, definition }) => {
    const names = engine('main').Mounts.map(({ Name }) => Name);
    expect(names).toContain(definition.volumes?.[2]?.name);
    expect(names).toContainEqual(expect.stringMatching(/^ecs-fields-bridge-1-mine-/));
  }),
  'volumes.dockerVolumeConfiguration.autoprovision': bridge(({ saw }) => expect(saw('main', 'shared')).toBe('was')),
  'volumes.dockerVolumeConfiguration.driver': bridge(({ engine }) =>
    expect(engine('main').Mounts.flatMap(({ Driver }) => Driver ?? [])).toEqual(['local', 'local']),
  ),
  'volumes.dockerVolumeConfiguration.driverOpts': bridge(({ saw }) =>
    expect(saw('main', 'mine')).toMatch(/^tmpfs on \/mine .*size=8192k/),
  ),
  'volumes.dockerVolumeConfiguration.labels': bridge(({ volumeLabels, definition }) =>
    expect(volumeLabels(definition.volumes?.[2]?.name ?? '')).toEqual({ 'com.example.of': 'everybody' }),
  ),
  'volumes.efsVolumeConfiguration.fileSystemId': noEfs,
  'volumes.efsVolumeConfiguration.rootDirectory': noEfs,
  'volumes.efsVolumeConfiguration.transitEncryption': noEfs,
  'volumes.efsVolumeConfiguration.transitEncryptionPort': noEfs,
  'volumes.efsVolumeConfiguration.authorizationConfig.accessPointId': noEfs,
  'volumes.efsVolumeConfiguration.authorizationConfig.iam': noEfs,
  'volumes.s3filesVolumeConfiguration.fileSystemArn': noS3Files,
  'volumes.s3filesVolumeConfiguration.rootDirectory': noS3Files,
  'volumes.s3filesVolumeConfiguration.transitEncryptionPort': noS3Files,
  'volumes.s3filesVolumeConfiguration.accessPointArn': noS3Files,
  'volumes.fsxWindowsFileServerVolumeConfiguration.fileSystemId': noFsx,
  'volumes.fsxWindowsFileServerVolumeConfiguration.rootDirectory': noFsx,
  'volumes.fsxWindowsFileServerVolumeConfiguration.authorizationConfig.credentialsParameter': noFsx,
  'volumes.fsxWindowsFileServerVolumeConfiguration.authorizationConfig.domain': noFsx,
  'volumes.configuredAtLaunch': refused(
    { volumes: [{ name: 'v', configuredAtLaunch: true }] },
    "volumes[0].configuredAtLaunch = true isn't supported by Stowage: there are no Amazon EBS volumes.",
  ),

  ...containerRows(),
};

function containerRows(): Record<string, Row> {
  const members: Record<string, Row> = {
    name: fargate(({ engine }) =>
      expect(engine('main').Config.Labels['com.amazonaws.ecs.container-name']).toBe('main'),
    ),
    image: fargate(({ engine, definition }) =>
      expect(engine('main').Config.Image).toBe(definition.containerDefinitions?.[0]?.image),
    ),
    'repositoryCredentials.credentialsParameter': { in: 'test/secrets/secrets.machine.test.ts' },
    cpu: fargate(({ engine }) => expect(engine('main').HostConfig['CpuShares']).toBe(128)),
    memory: fargate(({ saw }) => expect(saw('main', 'memory')).toBe(String(256 * 2 ** 20))),
    memoryReservation: fargate(({ saw }) => expect(saw('main', 'soft')).toBe(String(128 * 2 ** 20))),
    links: bridge(({ saw, task }) => {
      expect(saw('main', 'linked')).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
      expect(task.lastStatus).toBe('RUNNING');
    }),
    'portMappings.containerPort': fargate(({ definition }) =>
      expect(definition.containerDefinitions?.[0]?.portMappings?.[0]?.containerPort).toBe(8080),
    ),
    'portMappings.hostPort': fargate(({ definition }) =>
      expect(definition.containerDefinitions?.[0]?.portMappings?.[0]?.hostPort).toBe(8080),
    ),
    'portMappings.protocol': fargate(({ definition }) =>
      expect(definition.containerDefinitions?.[0]?.portMappings?.map(({ protocol }) => protocol)).toEqual([
        'udp',
        'tcp',
      ]),
    ),
    // Names and application protocols are what Service Connect refers to; by themselves they do nothing on AWS either.
    'portMappings.name': fargate(({ definition }) =>
      expect(definition.containerDefinitions?.[0]?.portMappings?.[0]?.name).toBe('web'),
    ),
    'portMappings.appProtocol': fargate(({ definition }) =>
      expect(definition.containerDefinitions?.[0]?.portMappings?.[0]?.appProtocol).toBe('http'),
    ),
    'portMappings.containerPortRange': fargate(({ definition }) =>
      expect(definition.containerDefinitions?.[0]?.portMappings?.[1]).toEqual({
        containerPortRange: '9000-9010',
        protocol: 'tcp',
      }),
    ),
    // The task runs though a container that is not essential has ended.
    essential: fargate(({ task }) => {
      expect(task.lastStatus).toBe('RUNNING');
      expect(task.containers?.find(({ name }) => name === 'first')?.lastStatus).toBe('STOPPED');
    }),
    'restartPolicy.enabled': { in: 'src/agent/agent.machine.test.ts' },
    'restartPolicy.ignoredExitCodes': { in: 'src/agent/agent.machine.test.ts' },
    'restartPolicy.restartAttemptPeriod': { in: 'src/agent/agent.machine.test.ts' },
    entryPoint: fargate(({ saw }) => expect(saw('main', 'told')).toBe('everything')),
    command: fargate(({ saw }) => expect(saw('peer', 'told')).toBe('everything')),
    'environment.name': fargate(({ saw }) => expect(saw('main', 'colour')).not.toBe('')),
    'environment.value': fargate(({ saw }) => expect(saw('main', 'colour')).toBe('deep blue')),
    'environmentFiles.value': fargate(({ saw }) => {
      expect(saw('main', 'number')).toBe('one');
      expect(saw('main', 'planet')).toBe('"Mars" = red');
    }),
    'environmentFiles.type': fargate(({ saw }) => expect(saw('main', 'colour')).toBe('deep blue')),
    'mountPoints.sourceVolume': fargate(({ saw }) => expect(saw('main', 'first')).toMatch(/^written /)),
    'mountPoints.containerPath': fargate(({ saw }) => expect(saw('main', 'first')).toMatch(/^written /)),
    'mountPoints.readOnly': fargate(({ saw }) => expect(saw('main', 'first')).toMatch(/Read-only file system$/)),
    'volumesFrom.sourceContainer': fargate(({ saw }) => expect(saw('peer', 'first')).toMatch(/^written /)),
    'volumesFrom.readOnly': fargate(({ saw }) => expect(saw('peer', 'first')).toMatch(/Read-only file system$/)),
    'linuxParameters.capabilities.add': fargate(({ saw }) => {
      expect(capable(saw('main', 'capabilities'), capability.SYS_PTRACE)).toBe(true);
      expect(capable(saw('peer', 'capabilities'), capability.SYS_PTRACE)).toBe(false);
    }),
    'linuxParameters.capabilities.drop': fargate(({ saw }) => {
      expect(capable(saw('main', 'capabilities'), capability.CHOWN)).toBe(false);
      expect(capable(saw('peer', 'capabilities'), capability.CHOWN)).toBe(true);
    }),
    'linuxParameters.devices.hostPath': bridge(({ saw }) => expect(saw('main', 'device')).toMatch(/^opened /)),
    'linuxParameters.devices.containerPath': bridge(({ saw }) => expect(saw('main', 'device')).toMatch(/^opened /)),
    'linuxParameters.devices.permissions': bridge(({ saw }) =>
      expect(saw('main', 'device')).toMatch(/Operation not permitted/),
    ),
    'linuxParameters.initProcessEnabled': fargate(({ saw }) => {
      expect(saw('main', 'init')).toMatch(/init/);
      expect(saw('peer', 'init')).toBe('sh');
    }),
    'linuxParameters.sharedMemorySize': bridge(({ saw }) => expect(saw('main', 'shm')).toMatch(/ 32 /)),
    'linuxParameters.tmpfs.containerPath': fargate(({ saw }) =>
      expect(saw('main', 'tmpfs')).toMatch(/^tmpfs on \/fast /),
    ),
    'linuxParameters.tmpfs.size': fargate(({ saw }) => expect(saw('main', 'tmpfs')).toMatch(/tmpfs +16 /)),
    'linuxParameters.tmpfs.mountOptions': fargate(({ saw }) => expect(saw('main', 'tmpfs')).toMatch(/\(.*noexec/)),
    'linuxParameters.maxSwap': bridge(({ saw, engine }) => {
      expect(engine('main').HostConfig['MemorySwap']).toBe(128 * 2 ** 20);
      expect([String(128 * 2 ** 20), String(64 * 2 ** 20)]).toContain(saw('main', 'swap'));
    }),
    'linuxParameters.swappiness': bridge(({ saw, engine }) => {
      expect(engine('main').HostConfig['MemorySwappiness']).toBe(10);
      // The second version of cgroups has none.
      expect(['10', '']).toContain(saw('main', 'swappiness'));
    }),
    'secrets.name': { in: 'test/secrets/secrets.machine.test.ts' },
    'secrets.valueFrom': { in: 'test/secrets/secrets.machine.test.ts' },
    'dependsOn.containerName': fargate(({ saw }) => expect(saw('main', 'first')).toMatch(/^written /)),
    'dependsOn.condition': { in: 'test/task-life/histories.machine.test.ts' },
    startTimeout: { in: 'test/task-life/histories.machine.test.ts' },
    stopTimeout: { in: 'test/task-definition/fields.machine.test.ts' },
    versionConsistency: { in: 'test/task-definition/version-consistency.machine.test.ts' },
    hostname: bridge(({ saw }) => expect(saw('main', 'hostname')).toBe('me')),
    user: fargate(({ saw }) => expect(saw('main', 'user')).toMatch(/^uid=1000 gid=2000/)),
    workingDirectory: fargate(({ saw }) => expect(saw('main', 'directory')).toBe('/fast')),
    disableNetworking: bridge(({ saw }) => {
      expect(saw('alone', 'interfaces')).toBe('lo');
      expect(saw('main', 'interfaces')).toBe('eth0 lo');
    }),
    privileged: bridge(({ saw, engine }) => {
      expect(engine('strong').HostConfig['Privileged']).toBe(true);
      if (engine('strong').State.Running) {
        expect(capable(saw('strong', 'capabilities'), capability.SYS_ADMIN)).toBe(true);
      }
      expect(capable(saw('main', 'capabilities'), capability.SYS_ADMIN)).toBe(false);
    }),
    readonlyRootFilesystem: fargate(({ saw }) => {
      expect(saw('main', 'root')).toMatch(/Read-only file system/);
      expect(saw('peer', 'root')).toBe('');
    }),
    dnsServers: bridge(({ saw }) =>
      expect(saw('main', 'resolver')).toMatch(/nameserver 169\.254\.169\.253 nameserver 10\.9\.8\.6/),
    ),
    dnsSearchDomains: bridge(({ saw }) => expect(saw('main', 'resolver')).toMatch(/search fields\.internal/)),
    'extraHosts.hostname': bridge(({ saw }) => expect(saw('main', 'hosts')).toMatch(/\belsewhere\b/)),
    'extraHosts.ipAddress': bridge(({ saw }) => expect(saw('main', 'hosts')).toMatch(/10\.9\.8\.7\s+elsewhere/)),
    dockerSecurityOptions: bridge(({ saw }) => {
      expect(saw('main', 'escalation')).toMatch(/1$/);
      expect(saw('alone', 'escalation')).toMatch(/0$/);
    }),
    interactive: fargate(({ saw }) => {
      expect(saw('main', 'input')).toBe('/dev/null');
      expect(saw('peer', 'input')).toMatch(/^pipe:/);
    }),
    pseudoTerminal: together(({ engine }) => {
      expect(engine('sleeper').Config.Tty).toBe(true);
      expect(engine('main').Config.Tty).toBe(false);
    }),
    dockerLabels: fargate(({ engine }) => expect(engine('main').Config.Labels['com.example.colour']).toBe('blue')),
    'ulimits.name': fargate(({ saw }) => expect(saw('main', 'files')).not.toBe(saw('peer', 'files'))),
    'ulimits.softLimit': fargate(({ saw }) => expect(saw('main', 'files')).toMatch(/^1234 /)),
    'ulimits.hardLimit': fargate(({ saw }) => expect(saw('main', 'files')).toMatch(/ 2345$/)),
    'logConfiguration.logDriver': fargate(({ saw }) => expect(saw('main', 'told')).toBe('everything')),
    'logConfiguration.options': fargate(({ saw }) => expect(saw('main', 'told')).toBe('everything')),
    'logConfiguration.secretOptions.name': { in: 'test/secrets/secrets.machine.test.ts' },
    'logConfiguration.secretOptions.valueFrom': { in: 'test/secrets/secrets.machine.test.ts' },
    'healthCheck.command': fargate(({ task, engine }) => {
      expect(task.containers?.find(({ name }) => name === 'main')?.healthStatus).toBe('HEALTHY');
      expect(engine('main').Config.Healthcheck?.Test).toEqual(['CMD-SHELL', 'true']);
    }),
    'healthCheck.interval': fargate(({ engine }) =>
      expect(engine('main').Config.Healthcheck?.Interval).toBe(5 * nanoseconds),
    ),
    'healthCheck.timeout': fargate(({ engine }) =>
      expect(engine('main').Config.Healthcheck?.Timeout).toBe(3 * nanoseconds),
    ),
    'healthCheck.retries': fargate(({ engine }) => expect(engine('main').Config.Healthcheck?.Retries).toBe(4)),
    'healthCheck.startPeriod': fargate(({ engine }) =>
      expect(engine('main').Config.Healthcheck?.StartPeriod).toBe(nanoseconds),
    ),
    // Of the network for all containers of the task, of memory for the container alone.
    'systemControls.namespace': fargate(({ saw }) => {
      expect(saw('peer', 'network')).toBe('4321');
      expect(saw('peer', 'messages')).not.toBe('12345');
    }),
    'systemControls.value': fargate(({ saw }) => {
      expect(saw('main', 'network')).toBe('4321');
      expect(saw('main', 'messages')).toBe('12345');
    }),
    'resourceRequirements.type': { in: 'test/task-definition/fields.machine.test.ts' },
    'resourceRequirements.value': { in: 'test/task-definition/fields.machine.test.ts' },
    'resourceRequirements.sharingStrategy.nvidiaMps.memory': noSharing,
    'resourceRequirements.sharingStrategy.nvidiaMps.maxComputePercent': noSharing,
    'firelensConfiguration.type': { in: 'src/agent/logs/log-drivers.machine.test.ts' },
    'firelensConfiguration.options': { in: 'src/agent/logs/log-drivers.machine.test.ts' },
    credentialSpecs: refusedIn(
      { credentialSpecs: ['credentialspec:arn:aws:s3:::b/k'] },
      "containerDefinitions[0].credentialSpecs isn't supported by Stowage: there is no Active Directory.",
    ),
  };
  return Object.fromEntries(Object.entries(members).map(([path, row]) => [`containerDefinitions.${path}`, row]));
}

/** Bits of a capability set (capabilities(7)). */
const capability = { CHOWN: 0n, SYS_PTRACE: 19n, SYS_ADMIN: 21n };

function capable(line: string, bit: bigint): boolean {
  const set = BigInt(`0x${/[0-9a-f]+$/.exec(line)?.[0] ?? '0'}`);
  return (set & (1n << bit)) !== 0n;
}
