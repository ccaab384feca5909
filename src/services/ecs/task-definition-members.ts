import type { ContainerDefinition, RegisterTaskDefinitionCommandInput, Volume } from '@aws-sdk/client-ecs';
import { notSupported } from './errors.ts';

/**
 * What Stowage does with a member of a request: it `acts` on it, it has `refused` it so far, it acts on `only` some of
 * its values, or the answer differs by the members inside.
 */
type Verdict = 'acts' | 'refused' | { readonly only: readonly unknown[] } | { readonly inside: Members };
interface Members {
  readonly [member: string]: Verdict;
}

type Every<Shape> = { readonly [Member in keyof Required<Shape>]: Verdict };

const volume: Every<Volume> = {
  name: 'acts',
  // A host volume without a path lives as long as its task.
  host: { inside: { sourcePath: 'refused' } },
  dockerVolumeConfiguration: 'refused',
  efsVolumeConfiguration: 'refused',
  s3filesVolumeConfiguration: 'refused',
  fsxWindowsFileServerVolumeConfiguration: 'refused',
  configuredAtLaunch: { only: [false] },
};

const container: Every<ContainerDefinition> = {
  name: 'acts',
  image: 'acts',
  repositoryCredentials: 'acts',
  cpu: 'acts',
  memory: 'acts',
  memoryReservation: 'acts',
  links: 'refused',
  portMappings: {
    inside: {
      containerPort: 'acts',
      hostPort: 'acts',
      protocol: 'acts',
      // Names and application protocols are what Service Connect refers to; by themselves they do nothing on AWS either.
      name: 'acts',
      appProtocol: 'acts',
      containerPortRange: 'refused',
    },
  },
  essential: 'acts',
  restartPolicy: 'acts',
  entryPoint: 'acts',
  command: 'acts',
  environment: 'acts',
  environmentFiles: 'refused',
  mountPoints: 'acts',
  volumesFrom: 'acts',
  linuxParameters: {
    inside: {
      capabilities: 'acts',
      devices: 'refused',
      initProcessEnabled: 'acts',
      sharedMemorySize: 'refused',
      tmpfs: 'refused',
      maxSwap: 'refused',
      swappiness: 'refused',
    },
  },
  secrets: 'acts',
  dependsOn: 'acts',
  startTimeout: 'acts',
  stopTimeout: 'acts',
  versionConsistency: { only: ['disabled'] },
  hostname: 'refused',
  user: 'acts',
  workingDirectory: 'acts',
  disableNetworking: { only: [false] },
  privileged: 'acts',
  readonlyRootFilesystem: 'acts',
  dnsServers: 'refused',
  dnsSearchDomains: 'refused',
  extraHosts: 'refused',
  dockerSecurityOptions: 'refused',
  interactive: 'acts',
  pseudoTerminal: 'acts',
  dockerLabels: 'acts',
  ulimits: 'acts',
  logConfiguration: 'acts',
  healthCheck: 'acts',
  systemControls: 'refused',
  resourceRequirements: 'refused',
  firelensConfiguration: 'acts',
  credentialSpecs: 'refused',
};

/** Every member of RegisterTaskDefinition's input, and what becomes of it. The one list; a test holds it to the model. */
export const taskDefinitionMembers: Every<RegisterTaskDefinitionCommandInput> = {
  family: 'acts',
  taskRoleArn: 'acts',
  executionRoleArn: 'acts',
  networkMode: 'acts',
  containerDefinitions: { inside: container },
  volumes: { inside: volume },
  placementConstraints: 'refused',
  requiresCompatibilities: { only: ['FARGATE', 'EC2'] },
  cpu: 'acts',
  memory: 'acts',
  tags: 'acts',
  pidMode: 'refused',
  ipcMode: 'refused',
  proxyConfiguration: 'refused',
  inferenceAccelerators: 'refused',
  ephemeralStorage: 'refused',
  runtimePlatform: { inside: { cpuArchitecture: { only: ['X86_64'] }, operatingSystemFamily: { only: ['LINUX'] } } },
  enableFaultInjection: { only: [false] },
};

/** Refuses, by its name, the first member of `input` that `members` says Stowage cannot act on. Throws `ClientException`. */
export function refuseUnsupported(input: object, members: Members = taskDefinitionMembers, path = ''): void {
  for (const [member, value] of Object.entries(input)) {
    const verdict = members[member];
    const name = `${path}${member}`;
    if (verdict === 'acts' || isNothing(value)) continue;
    if (verdict === undefined || verdict === 'refused') throw notSupported(name);
    const parts: readonly unknown[] = Array.isArray(value) ? value : [value];
    for (const [index, part] of parts.entries()) {
      const here = Array.isArray(value) ? `${name}[${index}]` : name;
      if ('inside' in verdict) {
        if (typeof part === 'object' && part !== null) refuseUnsupported(part, verdict.inside, `${here}.`);
      } else if (!verdict.only.includes(part)) throw notSupported(`${here} = ${JSON.stringify(part)}`);
    }
  }
}

/** A member that is there but says nothing: clients send such for what they leave unset. */
function isNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
