import type { CapacityProviderStrategyItem, LaunchType } from '@aws-sdk/client-ecs';
import { AwsError } from '../../base/errors.ts';
import { launchTypeOf } from '../../model/ecs/capacity.ts';
import type { Cluster } from '../../model/ecs/cluster.ts';
import type { TaskDefinition } from '../../model/ecs/task-definition.ts';
import { readStrategy } from './capacity.ts';
import { invalidParameter, notSupported } from './errors.ts';

/** On what tasks are to run: a launch type, or a strategy of capacity providers, which are all of one kind. */
export interface Launch {
  readonly launchType: 'FARGATE' | 'EC2' | 'EXTERNAL';
  /** Absent when the launch type itself was asked for. */
  readonly capacityProviderStrategy?: readonly CapacityProviderStrategyItem[];
  /** Fargate's, as tasks carry it; absent elsewhere. */
  readonly platformVersion?: string;
}

interface LaunchRequest {
  readonly launchType?: LaunchType | undefined;
  readonly capacityProviderStrategy?: readonly CapacityProviderStrategyItem[] | undefined;
  readonly platformVersion?: string | undefined;
}

/** What `LATEST` is for Linux ("Fargate platform versions for Linux"). */
const latestPlatform = '1.4.0';

/**
 * Decides what a request runs on: the launch type or strategy that it names, else the cluster's default strategy, else
 * EC2; and whether the task definition is fit for that. Throws as RunTask and CreateService do.
 */
export function readLaunch(request: LaunchRequest, cluster: Cluster, definition: TaskDefinition): Launch {
  const asked = request.capacityProviderStrategy ?? [];
  if (request.launchType !== undefined && asked.length > 0) {
    throw invalidParameter(
      'Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.',
    );
  }
  const strategy =
    request.launchType === undefined
      ? readStrategy(asked.length > 0 ? asked : cluster.defaultCapacityProviderStrategy, cluster.capacityProviders)
      : [];
  const launchType =
    strategy.length > 0 ? launchTypeOf({ capacityProviderStrategy: strategy }) : (request.launchType ?? 'EC2');
  if (launchType === 'MANAGED_INSTANCES') throw notSupported('The launch type MANAGED_INSTANCES');
  if (!definition.compatibilities.includes(launchType)) {
    throw invalidParameter(`Task definition does not support launch_type ${launchType}.`);
  }
  return {
    launchType,
    ...(strategy.length > 0 ? { capacityProviderStrategy: strategy } : {}),
    ...readPlatform(request.platformVersion, launchType),
  };
}

function readPlatform(version: string | undefined, launchType: Launch['launchType']): { platformVersion?: string } {
  if (launchType !== 'FARGATE') {
    if (version === undefined) return {};
    throw invalidParameter(`The platform version must be null when specifying an ${launchType} launch type.`);
  }
  if (version !== undefined && version !== 'LATEST' && version !== latestPlatform) {
    throw new AwsError('PlatformUnknownException', 'The specified platform does not exist.');
  }
  return { platformVersion: latestPlatform };
}
