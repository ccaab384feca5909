import type { ContainerDefinition, RegisterTaskDefinitionCommandInput, Volume } from '@aws-sdk/client-ecs';
import { notSupported } from './errors.ts';

/**
 * What Stowage does with a member of a request: it `acts` on it, it has `refused` it so far, or refuses it for a reason, it
 * acts on `only` some of its values, or the answer differs by the members inside.
 */
type Verdict =
  | 'acts'
  | 'refused'
  | { readonly refused: string }
  | { readonly only: readonly unknown[]; readonly why?: string }
  | { readonly inside: Members };
interface Members {
  readonly [member: string]: Verdict;
}

type Every<Shape> = { readonly [Member in keyof Required<Shape>]: Verdict };

const volume: Every<Volume> = {
  name: 'acts',
  host: 'acts',
  dockerVolumeConfiguration: 'acts',
  efsVolumeConfiguration: { refused: 'there are no Amazon EFS file systems' },
  s3filesVolumeConfiguration: { refused: 'there are no Amazon S3 Files file systems' },
  fsxWindowsFileServerVolumeConfiguration: { refused: 'there are no Amazon FSx file systems' },
  configuredAtLaunch: { only: [false], why: 'there are no Amazon EBS volumes' },
};

const container: Every<ContainerDefinition> = {
  name: 'acts',
  image: 'acts',
  repositoryCredentials: 'acts',
  cpu: 'acts',
  memory: 'acts',
  memoryReservation: 'acts',
  links: 'acts',
  portMappings: {
    inside: {
      containerPort: 'acts',
      hostPort: 'acts',
      protocol: 'acts',
      // Names and application protocols are what Service Connect refers to; by themselves they do nothing on AWS either.
      name: 'acts',
      appProtocol: 'acts',
      containerPortRange: 'acts',
    },
  },
  essential: 'acts',
  restartPolicy: 'acts',
  entryPoint: 'acts',
  command: 'acts',
  environment: 'acts',
  environmentFiles: 'acts',
  mountPoints: 'acts',
  volumesFrom: 'acts',
  linuxParameters: 'acts',
  secrets: 'acts',
  dependsOn: 'acts',
  startTimeout: 'acts',
  stopTimeout: 'acts',
  versionConsistency: 'acts',
  hostname: 'acts',
  user: 'acts',
  workingDirectory: 'acts',
  disableNetworking: 'acts',
  privileged: 'acts',
  readonlyRootFilesystem: 'acts',
  dnsServers: 'acts',
  dnsSearchDomains: 'acts',
  extraHosts: 'acts',
  dockerSecurityOptions: 'acts',
  interactive: 'acts',
  pseudoTerminal: 'acts',
  dockerLabels: 'acts',
  ulimits: 'acts',
  logConfiguration: 'acts',
  healthCheck: 'acts',
  systemControls: 'acts',
  resourceRequirements: 'acts',
  firelensConfiguration: 'acts',
  credentialSpecs: { refused: 'there is no Active Directory' },
};

/** Every member of RegisterTaskDefinition's input, and what becomes of it. The one list; a test holds it to the model. */
export const taskDefinitionMembers: Every<RegisterTaskDefinitionCommandInput> = {
  family: 'acts',
  taskRoleArn: 'acts',
  executionRoleArn: 'acts',
  networkMode: 'acts',
  containerDefinitions: { inside: container },
  volumes: { inside: volume },
  placementConstraints: 'acts',
  requiresCompatibilities: { only: ['FARGATE', 'EC2', 'EXTERNAL'], why: 'there are no managed instances' },
  cpu: 'acts',
  memory: 'acts',
  tags: 'acts',
  pidMode: 'acts',
  ipcMode: 'acts',
  proxyConfiguration: { refused: 'AWS App Mesh ended in 2026, and there is no proxy that it would configure' },
  inferenceAccelerators: { refused: 'AWS ended Amazon Elastic Inference in 2024' },
  ephemeralStorage: 'acts',
  runtimePlatform: 'acts',
  enableFaultInjection: 'acts',
};

/** Refuses, by its name, the first member of `input` that `members` says Stowage cannot act on. Throws `ClientException`. */
export function refuseUnsupported(input: object, members: Members = taskDefinitionMembers, path = ''): void {
  for (const [member, value] of Object.entries(input)) {
    const verdict = members[member];
    const name = `${path}${member}`;
    if (verdict === 'acts' || isNothing(value)) continue;
    if (verdict === undefined || verdict === 'refused') throw notSupported(name);
    if ('refused' in verdict) throw notSupported(name, verdict.refused);
    const parts: readonly unknown[] = Array.isArray(value) ? value : [value];
    for (const [index, part] of parts.entries()) {
      const here = Array.isArray(value) ? `${name}[${index}]` : name;
      if ('inside' in verdict) {
        if (typeof part === 'object' && part !== null) refuseUnsupported(part, verdict.inside, `${here}.`);
      } else if (!verdict.only.includes(part)) throw notSupported(`${here} = ${JSON.stringify(part)}`, verdict.why);
    }
  }
}

/** A member that is there but says nothing: clients send such for what they leave unset. */
function isNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
