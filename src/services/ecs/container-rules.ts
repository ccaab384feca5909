import type {
  ContainerDefinition,
  ContainerRestartPolicy,
  HealthCheck,
  RegisterTaskDefinitionCommandInput,
} from '@aws-sdk/client-ecs';
import { clientException, invalidSetting } from './errors.ts';
import { checkLinux } from './linux-rules.ts';
import { notOneOf } from './platform-rules.ts';
import { checkSecrets } from './secret-rules.ts';
import { checkLogConfiguration } from './log-rules.ts';

type TaskInput = RegisterTaskDefinitionCommandInput;

const ulimitNames = new Set([
  'core',
  'cpu',
  'data',
  'fsize',
  'locks',
  'memlock',
  'msgqueue',
  'nice',
  'nofile',
  'nproc',
  'rss',
  'rtprio',
  'rttime',
  'sigpending',
  'stack',
]);

/** The rules that a container definition must keep by itself. Throws `ClientException`. */
export function checkContainer(container: ContainerDefinition, task: TaskInput): void {
  const { name } = container;
  if (container.image === undefined || container.image === '') {
    throw clientException('Container.image should not be null or empty.');
  }
  if (!/^[a-zA-Z0-9_:./@-]{1,255}$/.test(container.image)) {
    throw clientException('Container.image contains invalid characters.');
  }
  checkMemory(container, task);
  for (const variable of container.environment ?? []) {
    if (variable.name === undefined || variable.name === '') {
      throw clientException(`Invalid 'environment' setting for container '${name}'. A variable has no name.`);
    }
  }
  checkNetwork(container, task.networkMode ?? 'bridge');
  if (container.healthCheck !== undefined) checkHealthCheck(container.healthCheck, name ?? '');
  checkLogConfiguration(container);
  checkTimeouts(container);
  if (container.restartPolicy !== undefined) checkRestartPolicy(container.restartPolicy, name ?? '');
  if (container.versionConsistency !== undefined) {
    const { versionConsistency } = container;
    const values = ['enabled', 'disabled'];
    if (!values.includes(versionConsistency)) throw notOneOf(versionConsistency, 'versionConsistency', values);
  }
  checkUlimits(container);
  checkLinux(container, task);
  checkSecrets(container, task.executionRoleArn);
}

function checkMemory(container: ContainerDefinition, task: TaskInput): void {
  const { name, cpu, memory, memoryReservation } = container;
  if (cpu !== undefined && cpu < 0) throw clientException(`Invalid 'cpu' setting for container '${name}'.`);
  if (!task.memory && memory === undefined && memoryReservation === undefined) {
    throw clientException(
      `Invalid setting for container '${name}'. At least one of 'memory' or 'memoryReservation' must be specified.`,
    );
  }
  // Docker's own least, 6 MiB ("memory", ContainerDefinition).
  if (memory !== undefined && memory < 6) {
    throw clientException(`Invalid 'memory' setting for container '${name}'. The minimum is 6 MiB.`);
  }
  if (memoryReservation !== undefined && memoryReservation < 6) {
    throw clientException(`Invalid 'memoryReservation' setting for container '${name}'. The minimum is 6 MiB.`);
  }
  if (memory !== undefined && memoryReservation !== undefined && memoryReservation > memory) {
    throw clientException("'memory' must be greater than or equal to 'memoryReservation'.");
  }
}

/** What a container of a network mode cannot have: in awsvpc mode the network is the task's. */
function checkNetwork(container: ContainerDefinition, networkMode: string): void {
  const on = (what: string): never => {
    throw clientException(`${what} supported on container when networkMode=${networkMode}.`);
  };
  const given = (list: readonly unknown[] | undefined): boolean => (list?.length ?? 0) > 0;
  if (given(container.links) && networkMode !== 'bridge') {
    throw clientException(`Links are not supported when networkMode=${networkMode}.`);
  }
  if (given(container.portMappings) && networkMode === 'none') on('Port mappings are not');
  if (networkMode !== 'awsvpc') return;
  if (container.hostname) on('hostname is not');
  if (given(container.dnsServers)) on('DNS servers are not');
  if (given(container.dnsSearchDomains)) on('DNS search domains are not');
  if (given(container.extraHosts)) on('Extra hosts are not');
  if (container.disableNetworking === true) on('Disable Networking is not');
}

function checkUlimits(container: ContainerDefinition): void {
  for (const { name = '', softLimit = 0, hardLimit = 0 } of container.ulimits ?? []) {
    if (!ulimitNames.has(name)) throw invalidSetting('ulimits', container.name, `Unknown ulimit: '${name}'.`);
    if (softLimit > hardLimit && hardLimit !== -1) {
      throw clientException(`Soft limit exceeds hard limit for ulimit ${name}`);
    }
  }
}

function checkHealthCheck(check: HealthCheck, container: string): void {
  const command = check.command ?? [];
  if (command.length === 0) throw clientException(`Health check command cannot be empty for container '${container}'.`);
  if (command[0] !== 'CMD' && command[0] !== 'CMD-SHELL') {
    throw clientException(`Health check command must start with CMD or CMD-SHELL for container '${container}'.`);
  }
  const limits = [
    ['interval', check.interval, 5, 300],
    ['timeout', check.timeout, 2, 60],
    ['retries', check.retries, 1, 10],
    ['start period', check.startPeriod, 0, 300],
  ] as const;
  for (const [what, value, least, most] of limits) {
    if (value === undefined) continue;
    if (value < least) {
      throw clientException(
        `Health check ${what} must be greater than or equal to the minimum allowed value ${least} for container '${container}'.`,
      );
    }
    if (value > most) {
      throw clientException(
        `Health check ${what} must be less than or equal to the maximum allowed value ${most} for container '${container}'.`,
      );
    }
  }
}

/** "ContainerRestartPolicy", ECS API Reference. */
function checkRestartPolicy(policy: ContainerRestartPolicy, container: string): void {
  const refuse = (why: string): never => {
    throw clientException(`Invalid 'restartPolicy' setting for container '${container}'. ${why}`);
  };
  if (policy.enabled === undefined) refuse("'enabled' must be specified.");
  const { ignoredExitCodes = [], restartAttemptPeriod: period } = policy;
  if (period !== undefined && (period < 60 || period > 1800)) {
    throw clientException(
      `The 'restartAttemptPeriod' setting for container '${container}' must be between 60 and 1800.`,
    );
  }
  if (ignoredExitCodes.length > 50) refuse("'ignoredExitCodes' can contain at most 50 exit codes.");
}

function checkTimeouts(container: ContainerDefinition): void {
  for (const member of ['startTimeout', 'stopTimeout'] as const) {
    const value = container[member];
    if (value !== undefined && value < 0) {
      throw clientException(`Invalid '${member}' setting for container '${container.name}'.`);
    }
  }
}
