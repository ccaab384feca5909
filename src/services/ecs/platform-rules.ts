import type { EphemeralStorage, RegisterTaskDefinitionCommandInput } from '@aws-sdk/client-ecs';
import { clientException } from './errors.ts';
import { readConstraints } from './placement-input.ts';

const architectures: readonly string[] = ['X86_64', 'ARM64'];

/** The operating systems of "RuntimePlatform", ECS API Reference; Fargate has those of Windows from 2019 on. */
const families: readonly string[] = [
  'LINUX',
  'WINDOWS_SERVER_2004_CORE',
  'WINDOWS_SERVER_2016_FULL',
  'WINDOWS_SERVER_2019_CORE',
  'WINDOWS_SERVER_2019_FULL',
  'WINDOWS_SERVER_2022_CORE',
  'WINDOWS_SERVER_2022_FULL',
  'WINDOWS_SERVER_2025_CORE',
  'WINDOWS_SERVER_2025_FULL',
  'WINDOWS_SERVER_20H2_CORE',
];

/**
 * The rules for what a task as a whole is to stand on: its platform, its storage, and the accelerators and proxies that
 * it names. Throws `ClientException`.
 */
export function checkPlatform(input: RegisterTaskDefinitionCommandInput): void {
  const { cpuArchitecture: architecture, operatingSystemFamily: family } = input.runtimePlatform ?? {};
  if (architecture !== undefined && !architectures.includes(architecture)) {
    throw notOneOf(architecture, 'cpuArchitecture', architectures);
  }
  if (family !== undefined && !families.includes(family)) {
    throw notOneOf(family, 'operatingSystemFamily', families);
  }
  if ((input.inferenceAccelerators?.length ?? 0) > 0) {
    throw clientException("Unsupported field 'inferenceAccelerators'.");
  }
  checkStorage(input);
  checkProxy(input);
  for (const { type, expression } of input.placementConstraints ?? []) {
    if (type !== 'memberOf') throw notOneOf(type ?? '', 'placementConstraints.type', ['memberOf']);
    if (!expression) throw clientException("Placement constraints of the type 'memberOf' must have an expression.");
  }
  readConstraints(input.placementConstraints ?? []);
}

/** ECS's words for a value that is none of an enumeration's. */
export function notOneOf(value: string, member: string, values: readonly string[]) {
  return clientException(`${value} is not a valid value for ${member}. The value must be one of [${values.join(',')}]`);
}

/** "Fargate task ephemeral storage", ECS Developer Guide. */
function checkStorage({ ephemeralStorage, requiresCompatibilities = [] }: RegisterTaskDefinitionCommandInput): void {
  if (ephemeralStorage === undefined) return;
  const other = requiresCompatibilities.find((one) => one !== 'FARGATE');
  if (other !== undefined && !requiresCompatibilities.includes('FARGATE')) {
    throw clientException(`Tasks using the ${other} launch type do not support EphemeralStorage.`);
  }
  checkEphemeralStorage(ephemeralStorage);
}

/** The storage of a definition or an override: 21 to 200 GiB. Throws `ClientException`. */
export function checkEphemeralStorage({ sizeInGiB: size = 0 }: EphemeralStorage): void {
  if (size < 21) throw clientException('EphemeralStorage size should be at least 21');
  if (size > 200) throw clientException('EphemeralStorage size should be at most 200');
}

/** "ProxyConfiguration", ECS API Reference. */
function checkProxy({ proxyConfiguration: proxy, ...input }: RegisterTaskDefinitionCommandInput): void {
  if (proxy === undefined) return;
  if (proxy.type !== undefined && proxy.type !== 'APPMESH') throw notOneOf(proxy.type, 'type', ['APPMESH']);
  if (input.networkMode !== 'awsvpc') {
    throw clientException('APPMESH proxy configuration is only supported in networkMode=awsvpc');
  }
  const { containerName = '', properties = [] } = proxy;
  if (!input.containerDefinitions?.some(({ name }) => name === containerName)) {
    throw clientException(`Proxy container [${containerName}] does not exist.`);
  }
  const given = new Map(properties.map(({ name = '', value = '' }) => [name, value]));
  for (const [property, what] of [
    ['ProxyIngressPort', 'Ingress port'],
    ['ProxyEgressPort', 'Egress port'],
    ['AppPorts', 'App ports'],
    ['EgressIgnoredIPs', 'Egress ignored IPs'],
  ] as const) {
    if (!given.has(property)) throw clientException(`${what} not found`);
  }
  if (!given.get('IgnoredUID') && !given.get('IgnoredGID')) {
    throw clientException('Either IgnoredUID or IgnoredGID must be specified');
  }
}
