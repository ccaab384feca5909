import type { ContainerDefinition } from '@aws-sdk/client-ecs';
import { clientException } from './errors.ts';

/** Every log driver of ECS and the options that it cannot do without ("LogConfiguration", ECS API Reference). */
const logDrivers: Readonly<Record<string, readonly string[]>> = {
  'json-file': [],
  syslog: [],
  journald: [],
  gelf: [],
  fluentd: [],
  awslogs: ['awslogs-region', 'awslogs-group'],
  splunk: ['splunk-token', 'splunk-url'],
  awsfirelens: [],
};

/** The options that ECS lets through for `awslogs`; those of other drivers are the engine's to judge. */
const awslogsOptions = new Set([
  'awslogs-create-group',
  'awslogs-region',
  'awslogs-group',
  'awslogs-stream-prefix',
  'awslogs-datetime-format',
  'awslogs-multiline-pattern',
  'mode',
  'max-buffer-size',
]);

const firelensOptions = new Set(['enable-ecs-log-metadata', 'config-file-type', 'config-file-value']);

/** The rules of a container's own `logConfiguration`. Throws `ClientException`. */
export function checkLogConfiguration(container: ContainerDefinition): void {
  const log = container.logConfiguration;
  if (log === undefined) return;
  const driver = log.logDriver ?? '';
  const required = logDrivers[driver];
  if (required === undefined) {
    throw clientException(
      `Invalid 'logDriver' setting for container '${container.name}'. Unknown log driver: '${driver}'.`,
    );
  }
  const options = log.options ?? {};
  const secret = new Set((log.secretOptions ?? []).map(({ name }) => name));
  const missing = required.filter((option) => !options[option] && !secret.has(option));
  if (missing.length > 0) throw clientException(`Log driver ${driver} requires options: ${missing.join(', ')}`);
  if (options['mode'] !== undefined && options['mode'] !== 'blocking' && options['mode'] !== 'non-blocking') {
    throw clientException(
      `Invalid 'mode' option for container '${container.name}'. Use one of blocking, non-blocking.`,
    );
  }
  if (driver !== 'awslogs') return;
  const extra = Object.keys(options).filter((option) => !awslogsOptions.has(option));
  if (extra.length > 0) throw clientException(`Log driver awslogs disallows options: ${extra.join(', ')}`);
}

/**
 * The rules between a FireLens router and those who log through it ("Custom log routing", ECS Developer Guide). Throws
 * `ClientException`.
 */
export function checkFirelens(containers: readonly ContainerDefinition[], fargate: boolean): void {
  const routers = containers.filter(({ firelensConfiguration }) => firelensConfiguration !== undefined);
  const routed = containers.some(({ logConfiguration }) => logConfiguration?.logDriver === 'awsfirelens');
  if (routed && routers.length === 0) {
    throw clientException(
      'When awsfirelens log driver is specified in log configuration, a firelens configuration object must be configured in one of the containers.',
    );
  }
  if (routers.length > 0 && !routed) {
    throw clientException(
      'When a firelensConfiguration object is specified, at least one container has to be configured with the awsfirelens log driver.',
    );
  }
  if (routers.length > 1) {
    throw clientException('Only one container of a task definition can have a firelensConfiguration object.');
  }
  for (const { name, logConfiguration, firelensConfiguration } of routers) {
    const { type, options = {} } = firelensConfiguration ?? {};
    const invalid = (why: string): never => {
      throw clientException(`Invalid 'firelensConfiguration' setting for container '${name}'. ${why}`);
    };
    if (logConfiguration?.logDriver === 'awsfirelens') invalid('A log router cannot log through itself.');
    if (type !== 'fluentd' && type !== 'fluentbit') invalid(`Unknown type '${type ?? ''}': use fluentd or fluentbit.`);
    const extra = Object.keys(options).filter((option) => !firelensOptions.has(option));
    if (extra.length > 0) invalid(`Unknown options: ${extra.join(', ')}.`);
    const { 'config-file-type': file, 'config-file-value': value, 'enable-ecs-log-metadata': metadata } = options;
    if (metadata !== undefined && metadata !== 'true' && metadata !== 'false') {
      invalid("The option 'enable-ecs-log-metadata' must be true or false.");
    }
    if (file !== undefined && file !== 'file' && file !== 's3') {
      invalid("The option 'config-file-type' must be s3 or file.");
    }
    if ((file === undefined) !== (value === undefined)) {
      invalid("The options 'config-file-type' and 'config-file-value' go together.");
    }
    if (fargate && file === 's3') invalid("Tasks on Fargate only support the config-file-type 'file'.");
  }
}
