import type { ContainerDefinition, RegisterTaskDefinitionCommandInput } from '@aws-sdk/client-ecs';

/** What the test run gives to its definitions. */
export interface Setting {
  /** An image that holds busybox as `/bin/sh`. */
  readonly image: string;
  readonly logGroup: string;
  /** ARNs of environment files: the first says of NUMBER and COLOUR what the second and the definition say otherwise. */
  readonly environmentFiles: readonly string[];
  /** Of this machine. */
  readonly architecture: 'X86_64' | 'ARM64';
  /** A directory of the machine with a file `note`. */
  readonly hostPath: string;
  /** The name of a volume that nobody else has. */
  readonly sharedVolume: string;
}

/** The definitions whose containers are looked at. */
export const definitionNames = ['fargate', 'together', 'bridge', 'memory'] as const;
export type DefinitionName = (typeof definitionNames)[number];

const role = 'arn:aws:iam::000000000000:role/fields';

/** A line `name=value` for each of what a container sees of itself; busybox finds its applets by itself. */
const probes: Readonly<Record<string, string>> = {
  user: 'id',
  directory: 'pwd',
  colour: 'echo $COLOUR',
  number: 'echo $NUMBER',
  planet: 'echo "$PLANET"',
  capabilities: 'grep CapBnd /proc/self/status',
  init: 'cat /proc/1/comm',
  input: 'readlink /proc/self/fd/0',
  files: 'ulimit -Sn; ulimit -Hn',
  root: 'touch /new 2>&1',
  tmpfs: "mount | grep ' /fast '; df -m /fast | tail -1",
  shm: 'df -m /dev/shm 2>&1 | tail -1',
  network: 'cat /proc/sys/net/ipv4/tcp_keepalive_time',
  messages: 'cat /proc/sys/kernel/msgmax',
  memory: 'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null',
  soft: 'cat /sys/fs/cgroup/memory/memory.soft_limit_in_bytes /sys/fs/cgroup/memory.low 2>/dev/null',
  swap: 'cat /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes /sys/fs/cgroup/memory.swap.max 2>/dev/null',
  swappiness: 'cat /sys/fs/cgroup/memory/memory.swappiness 2>/dev/null',
  shares: 'cat /sys/fs/cgroup/cpu/cpu.shares /sys/fs/cgroup/cpu.weight 2>/dev/null',
  quota: 'cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu.max 2>/dev/null',
  machine: 'uname -m',
  address: "ip -4 -o addr show eth0 | grep -o 'inet [0-9.]*'",
  hostname: 'hostname',
  processes: "ps -o args | grep -c 'sleep 98[7]'",
  role: 'echo $AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  first: 'cat /scratch/first 2>&1; touch /scratch/new 2>&1',
  resolver: 'cat /etc/resolv.conf',
  hosts: 'cat /etc/hosts',
  device: '(exec 3< /dev/nil && echo opened) 2>&1; (exec 3> /dev/nil) 2>&1',
  note: 'cat /dev/shm/note 2>&1',
  path: 'cat /path/note 2>&1',
  mine: "mount | grep ' /mine '",
  shared: 'touch /shared/was && ls /shared 2>&1',
  escalation: 'grep NoNewPrivs /proc/self/status',
  interfaces: 'ls /sys/class/net',
  linked: "awk '/friend/ { print $1 }' /etc/hosts",
};

/** Tells everything and stays. */
const probe = [
  ...Object.entries(probes).map(([name, command]) => `echo "${name}=$( (${command}) | tr '\\n' ' ')"`),
  'echo told=everything',
  'exec sleep 1000',
].join('; ');

function container(setting: Setting, name: string, more: ContainerDefinition): ContainerDefinition {
  return {
    name,
    image: setting.image,
    entryPoint: ['/bin/sh', '-c'],
    command: [probe],
    logConfiguration: {
      logDriver: 'awslogs',
      options: {
        'awslogs-group': setting.logGroup,
        'awslogs-region': 'us-east-1',
        'awslogs-stream-prefix': 'seen',
        'awslogs-create-group': 'true',
      },
    },
    stopTimeout: 2,
    ...more,
  };
}

/** The task definitions; together they use every member whose effect is seen here. */
export function definitions(setting: Setting): Record<DefinitionName, RegisterTaskDefinitionCommandInput> {
  const fargate = {
    requiresCompatibilities: ['FARGATE'],
    networkMode: 'awsvpc',
    cpu: '512',
    memory: '1024',
    taskRoleArn: role,
    executionRoleArn: role,
  } satisfies Partial<RegisterTaskDefinitionCommandInput>;
  return {
    fargate: {
      ...fargate,
      family: 'fields-fargate',
      ephemeralStorage: { sizeInGiB: 30 },
      runtimePlatform: { cpuArchitecture: setting.architecture, operatingSystemFamily: 'LINUX' },
      tags: [{ key: 'team', value: 'fields' }],
      volumes: [{ name: 'scratch' }],
      containerDefinitions: [
        container(setting, 'main', {
          cpu: 128,
          memory: 256,
          memoryReservation: 128,
          environment: [{ name: 'COLOUR', value: 'deep blue' }],
          environmentFiles: setting.environmentFiles.map((value) => ({ type: 's3', value })),
          portMappings: [
            { containerPort: 8080, hostPort: 8080, protocol: 'udp', name: 'web', appProtocol: 'http' },
            { containerPortRange: '9000-9010' },
          ],
          mountPoints: [{ sourceVolume: 'scratch', containerPath: '/scratch', readOnly: true }],
          dependsOn: [{ containerName: 'first', condition: 'SUCCESS' }],
          linuxParameters: {
            capabilities: { add: ['SYS_PTRACE'], drop: ['CHOWN'] },
            initProcessEnabled: true,
            tmpfs: [{ containerPath: '/fast', size: 16, mountOptions: ['noexec'] }],
          },
          user: '1000:2000',
          workingDirectory: '/fast',
          readonlyRootFilesystem: true,
          ulimits: [{ name: 'nofile', softLimit: 1234, hardLimit: 2345 }],
          dockerLabels: { 'com.example.colour': 'blue' },
          healthCheck: { command: ['CMD-SHELL', 'true'], interval: 5, timeout: 3, retries: 4, startPeriod: 1 },
          systemControls: [
            { namespace: 'net.ipv4.tcp_keepalive_time', value: '4321' },
            { namespace: 'kernel.msgmax', value: '12345' },
          ],
        }),
        container(setting, 'first', {
          essential: false,
          command: ['echo written > /scratch/first'],
          mountPoints: [{ sourceVolume: 'scratch', containerPath: '/scratch' }],
        }),
        container(setting, 'peer', {
          interactive: true,
          dependsOn: [{ containerName: 'main', condition: 'START' }],
          volumesFrom: [{ sourceContainer: 'main', readOnly: true }],
        }),
      ],
    },
    together: {
      ...fargate,
      family: 'fields-together',
      pidMode: 'task',
      containerDefinitions: [
        container(setting, 'main', { dependsOn: [{ containerName: 'sleeper', condition: 'START' }] }),
        container(setting, 'sleeper', { command: ['exec sleep 987'], pseudoTerminal: true }),
      ],
    },
    bridge: {
      family: 'fields-bridge',
      networkMode: 'bridge',
      requiresCompatibilities: ['EC2'],
      executionRoleArn: role,
      volumes: [
        { name: 'path', host: { sourcePath: setting.hostPath } },
        {
          name: 'mine',
          dockerVolumeConfiguration: {
            scope: 'task',
            driver: 'local',
            driverOpts: { type: 'tmpfs', device: 'tmpfs', o: 'size=8m' },
          },
        },
        {
          name: setting.sharedVolume,
          dockerVolumeConfiguration: {
            scope: 'shared',
            autoprovision: true,
            labels: { 'com.example.of': 'everybody' },
          },
        },
      ],
      containerDefinitions: [
        container(setting, 'main', {
          memory: 64,
          hostname: 'me',
          links: ['peer:friend'],
          dnsServers: ['169.254.169.253', '10.9.8.6'],
          dnsSearchDomains: ['fields.internal'],
          extraHosts: [{ hostname: 'elsewhere', ipAddress: '10.9.8.7' }],
          dockerSecurityOptions: ['no-new-privileges'],
          linuxParameters: {
            devices: [{ hostPath: '/dev/loop-control', containerPath: '/dev/nil', permissions: ['read'] }],
            sharedMemorySize: 32,
            maxSwap: 64,
            swappiness: 10,
          },
          mountPoints: [
            { sourceVolume: 'path', containerPath: '/path' },
            { sourceVolume: 'mine', containerPath: '/mine' },
            { sourceVolume: setting.sharedVolume, containerPath: '/shared' },
          ],
        }),
        container(setting, 'peer', { memory: 64, command: ['exec sleep 1000'] }),
        // Not essential: a machine that lacks capabilities itself cannot give them all.
        container(setting, 'strong', { memory: 64, privileged: true, essential: false }),
        container(setting, 'alone', { memory: 64, disableNetworking: true }),
      ],
    },
    memory: {
      family: 'fields-memory',
      networkMode: 'none',
      requiresCompatibilities: ['EC2'],
      executionRoleArn: role,
      pidMode: 'host',
      ipcMode: 'task',
      containerDefinitions: [
        container(setting, 'main', { memory: 64, dependsOn: [{ containerName: 'writer', condition: 'SUCCESS' }] }),
        container(setting, 'writer', { memory: 64, essential: false, command: ['echo shared > /dev/shm/note'] }),
        container(setting, 'deaf', {
          memory: 64,
          command: ["trap '' TERM; while true; do sleep 1; done"],
          stopTimeout: 1,
        }),
      ],
    },
  };
}
