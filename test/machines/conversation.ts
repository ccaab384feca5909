/**
 * What a genuine amazon-ecs-agent (1.105) was seen to say, member by member: the names and the forms are its, the values are ours.
 * `<instance>` and `<task>` stand for what the control plane made.
 */

const cluster = 'fixtures';

/** The body of RegisterContainerInstance, of an external instance with a custom attribute. */
export const registration = {
  attributes: [
    { name: 'rack', value: 'r1' },
    { name: 'ecs.capability.full-sync' },
    { name: 'com.amazonaws.ecs.capability.docker-remote-api.1.18' },
    { name: 'com.amazonaws.ecs.capability.docker-remote-api.1.24' },
    { name: 'ecs.capability.container-health-check' },
    { name: 'ecs.os-type', value: 'linux' },
    { name: 'ecs.os-family', value: 'LINUX' },
    { name: 'ecs.cpu-architecture', value: 'x86_64' },
    { name: 'ecs.capability.external' },
  ],
  clientToken: '11111111-1111-1111-1111-111111111111',
  cluster,
  instanceIdentityDocument: '',
  instanceIdentityDocumentSignature: '',
  totalResources: [
    { integerValue: 2048, name: 'CPU', type: 'INTEGER' },
    { integerValue: 4096, name: 'MEMORY', type: 'INTEGER' },
    { name: 'PORTS', stringSetValue: ['22', '2375', '2376', '51678', '51679'], type: 'STRINGSET' },
    { name: 'PORTS_UDP', stringSetValue: [], type: 'STRINGSET' },
  ],
};

/** The body of DiscoverPollEndpoint. */
export const discovery = { cluster, containerInstance: '<instance>', zoneId: '' };

/** The bodies of SubmitTaskStateChange over a task's life: two containers, of which the one that initialises ends first. */
export const stateChanges = [
  {
    cluster,
    containers: [{ containerName: 'main', imageDigest: 'sha256:aa', status: 'PENDING' }],
    reason: '',
    status: 'PENDING',
    task: '<task>',
  },
  {
    cluster,
    containers: [
      { containerName: 'init', exitCode: 0, runtimeId: 'c1', status: 'RUNNING' },
      { containerName: 'init', exitCode: 0, runtimeId: 'c1', status: 'STOPPED' },
      {
        containerName: 'main',
        imageDigest: 'sha256:aa',
        networkBindings: [{ bindIP: '0.0.0.0', containerPort: 80, hostPort: 32768, protocol: 'tcp' }],
        runtimeId: 'c2',
        status: 'RUNNING',
      },
    ],
    pullStartedAt: 1767225600.061,
    pullStoppedAt: 1767225601.132,
    reason: '',
    status: 'RUNNING',
    task: '<task>',
  },
  {
    cluster,
    containers: [
      {
        containerName: 'main',
        exitCode: 3,
        imageDigest: 'sha256:aa',
        networkBindings: [{ bindIP: '0.0.0.0', containerPort: 80, hostPort: 32768, protocol: 'tcp' }],
        runtimeId: 'c2',
        status: 'STOPPED',
      },
    ],
    executionStoppedAt: 1767225700.283,
    pullStartedAt: 1767225600.061,
    pullStoppedAt: 1767225601.132,
    reason: '',
    status: 'STOPPED',
    task: '<task>',
  },
];

/** What it says in its session; `<message>` is the message that it answers. Credentials are acknowledged under the payload's id. */
export const sessionFrames = [
  { type: 'AckRequest', message: { cluster, containerInstance: '<instance>', messageId: '<message>' } },
  {
    type: 'IAMRoleCredentialsAckRequest',
    message: { credentialsId: 'credentials', expiration: '2026-01-01T06:00:00.000Z', messageId: '<message>' },
  },
  { type: 'HeartbeatAckRequest', message: { messageId: '<message>' } },
  {
    type: 'TaskStopVerificationMessage',
    message: {
      messageId: '<message>',
      stopCandidates: [{ desiredStatus: 'STOPPED', taskArn: 'arn:gone', taskClusterArn: 'arn:cluster' }],
    },
  },
  {
    type: 'NackRequest',
    message: { cluster, containerInstance: '<instance>', messageId: '<message>', reason: 'Updates are disabled' },
  },
];

const statsSet = { max: 2.5, min: 0, sampleCount: 4, sum: 4.5 };
const longStatsSet = { max: 5, min: 0, overflowMax: 0, overflowMin: 0, overflowSum: 0, sampleCount: 4, sum: 20 };

/** What it says over its telemetry connection, behind the signature. */
export const telemetryFrames = [
  {
    type: 'PublishMetricsRequest',
    message: {
      metadata: { cluster, containerInstance: '<instance>', fin: true, idle: true, messageId: 'm1' },
      timestamp: 1767225617.921,
    },
  },
  {
    type: 'PublishInstanceStatusRequest',
    message: {
      metadata: { cluster, containerInstance: '<instance>', requestId: 'r1' },
      statuses: [
        {
          lastStatusChange: 1767225647.968,
          lastUpdated: 1767225617.809,
          status: 'OK',
          type: 'ContainerRuntime',
        },
      ],
      timestamp: 1767225657.922,
    },
  },
  {
    type: 'PublishHealthRequest',
    message: {
      metadata: { cluster, containerInstance: '<instance>', fin: true, messageId: 'm2' },
      tasks: [
        {
          containers: [{ containerName: 'main', healthStatus: 'HEALTHY', statusSince: 1767225638.565 }],
          taskArn: '<task>',
          taskDefinitionFamily: 'web',
          taskDefinitionVersion: '1',
        },
      ],
      timestamp: 1767225657.811,
    },
  },
  {
    type: 'PublishMetricsRequest',
    message: {
      metadata: { cluster, containerInstance: '<instance>', fin: true, idle: false, messageId: 'm3' },
      taskMetrics: [
        {
          containerMetrics: [
            {
              containerName: 'main',
              cpuStatsSet: statsSet,
              memoryStatsSet: statsSet,
              networkStatsSet: { rxBytes: longStatsSet, rxBytesPerSecond: statsSet },
              storageStatsSet: { readSizeBytes: longStatsSet, writeSizeBytes: longStatsSet },
            },
          ],
          taskArn: '<task>',
          taskDefinitionFamily: 'web',
          taskDefinitionVersion: '1',
        },
      ],
      timestamp: 1767225657.812,
    },
  },
];

/** A fixture with what the control plane made in the places that were left for it, as the text of a frame or body. */
export function filled(fixture: unknown, made: Readonly<Record<string, string>>): string {
  return JSON.stringify(fixture).replaceAll(/<(\w+)>/g, (place, name: string) => made[name] ?? place);
}
