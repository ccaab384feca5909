import type { ExecuteCommandConfiguration, LogConfiguration } from '@aws-sdk/client-ecs';
import type { SessionLogging } from '../ssm/session.ts';

/**
 * Where what is executed in a container is logged ("ExecuteCommandConfiguration", ECS API Reference): as the cluster
 * overrides it, or with the container's own `awslogs` configuration, which is the default, or nowhere.
 */
export function execLogging(
  configuration: ExecuteCommandConfiguration | undefined,
  container: LogConfiguration | undefined,
  region: string,
): SessionLogging {
  const logging = configuration?.logging ?? 'DEFAULT';
  if (logging === 'NONE') return {};
  if (logging === 'OVERRIDE') {
    const { logConfiguration = {} } = configuration ?? {};
    const { cloudWatchLogGroupName: logGroup, s3BucketName: bucket } = logConfiguration;
    const cloudWatch = {
      region,
      logGroup: logGroup ?? '',
      encrypted: logConfiguration.cloudWatchEncryptionEnabled ?? false,
    };
    const prefix = (logConfiguration.s3KeyPrefix ?? '').replace(/^\/+|\/+$/g, '');
    const s3 = { bucket: bucket ?? '', prefix, encrypted: logConfiguration.s3EncryptionEnabled ?? false };
    return { ...(logGroup === undefined ? {} : { cloudWatch }), ...(bucket === undefined ? {} : { s3 }) };
  }
  const logGroup = container?.options?.['awslogs-group'];
  if (container?.logDriver !== 'awslogs' || logGroup === undefined) return {};
  return { cloudWatch: { region: container.options?.['awslogs-region'] ?? region, logGroup, encrypted: false } };
}
