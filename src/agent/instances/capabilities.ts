/** The Docker API versions that agents name, from the oldest of ECS's on. */
const dockerApis = [
  '1.17',
  '1.18',
  '1.19',
  '1.20',
  '1.21',
  '1.22',
  '1.23',
  '1.24',
  '1.25',
  '1.26',
  '1.27',
  '1.28',
].concat([
  '1.29',
  '1.30',
  '1.31',
  '1.32',
  '1.33',
  '1.34',
  '1.35',
  '1.36',
  '1.37',
  '1.38',
  '1.39',
  '1.40',
  '1.41',
  '1.42',
  '1.43',
  '1.44',
]);

const names = [
  ...dockerApis.map((version) => `com.amazonaws.ecs.capability.docker-remote-api.${version}`),
  ...['json-file', 'syslog', 'journald', 'gelf', 'fluentd', 'awslogs', 'splunk', 'awsfirelens', 'none'].map(
    (driver) => `com.amazonaws.ecs.capability.logging-driver.${driver}`,
  ),
  'com.amazonaws.ecs.capability.privileged-container',
  'com.amazonaws.ecs.capability.ecr-auth',
  'com.amazonaws.ecs.capability.task-iam-role',
  'com.amazonaws.ecs.capability.task-iam-role-network-host',
  'ecs.capability.task-eni',
  'ecs.capability.execution-role-ecr-pull',
  'ecs.capability.execution-role-awslogs',
  'ecs.capability.container-health-check',
  'ecs.capability.container-ordering',
  'ecs.capability.container-restart-policy',
  'ecs.capability.network.container-port-range',
  'ecs.capability.pid-ipc-namespace-sharing',
  'ecs.capability.task-cpu-mem-limit',
  'ecs.capability.docker-plugin.local',
  'ecs.capability.full-sync',
  'ecs.capability.secrets.ssm.environment-variables',
  'ecs.capability.secrets.ssm.bootstrap.log-driver',
  'ecs.capability.secrets.asm.environment-variables',
  'ecs.capability.secrets.asm.bootstrap.log-driver',
  'ecs.capability.private-registry-authentication.secretsmanager',
  'ecs.capability.env-files.s3',
  'ecs.capability.execute-command',
  'ecs.capability.firelens.fluentbit',
  'ecs.capability.firelens.fluentd',
  'ecs.capability.firelens.options.config.file',
  'ecs.capability.firelens.options.config.s3',
  'ecs.capability.fault-injection',
  'ecs.capability.increased-task-cpu-limit',
];

const architectures: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'arm64' };

/** The built-in attributes with which an instance's agent registers ("Amazon ECS container agent capabilities"). */
export function capabilities(arch: string): { readonly name: string; readonly value?: string }[] {
  return [
    ...names.map((name) => ({ name })),
    { name: 'ecs.os-type', value: 'linux' },
    { name: 'ecs.os-family', value: 'LINUX' },
    { name: 'ecs.cpu-architecture', value: architectures[arch] ?? arch },
  ];
}
