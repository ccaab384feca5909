import type { AutoScalingGroupProvider, AutoScalingGroupProviderUpdate, ManagedScaling } from '@aws-sdk/client-ecs';
import type { Ctx } from '../../aws/handlers.ts';
import type { AutoScalingGroup } from '../../model/autoscaling/group.ts';
import type { CapacityProvider, ManagedScaling as Scaling } from '../../model/ecs/capacity-provider.ts';
import { scopeOf } from '../../model/tags.ts';
import type { Reader } from '../../store/store.ts';
import { autoScalingGroups, groupInstances } from '../../store/tables/autoscaling.ts';
import { clientException, invalidParameter } from './errors.ts';
import { checkOneOf } from './one-of.ts';

const switches = ['ENABLED', 'DISABLED'] as const;

/** "ManagedScaling" (ECS API Reference): what holds where nothing is said. */
const usual: Scaling = {
  status: 'DISABLED',
  targetCapacity: 100,
  minimumScalingStepSize: 1,
  maximumScalingStepSize: 10_000,
  instanceWarmupPeriod: 300,
};

/** The name of a new capacity provider. Throws `InvalidParameterException`. */
export function readProviderName(name: string | undefined): string {
  if (name === undefined || !/^[a-zA-Z0-9\-_]{1,255}$/.test(name) || /^(aws|ecs|fargate)/i.test(name)) {
    throw invalidParameter(
      'The specified capacity provider name is invalid. Up to 255 characters are allowed, including letters (upper and lowercase), numbers, underscores (_), and hyphens (-). The name cannot be prefixed with "aws", "ecs", or "fargate". Specify a valid name and try again.',
    );
  }
  return name;
}

/** The Auto Scaling group of a new capacity provider, by its ARN or its name. Throws `ClientException`. */
export function readGroup(reader: Reader, ctx: Ctx, named: string | undefined): AutoScalingGroup {
  const group =
    named?.startsWith('arn:') === true
      ? reader.get(autoScalingGroups, named)
      : reader.by(autoScalingGroups, 'name', `${scopeOf(ctx)}/${named ?? ''}`)[0];
  if (group === undefined || scopeOf(group) !== scopeOf(ctx)) {
    throw clientException(
      'The specified Auto Scaling group ARN is invalid. Specify a valid Auto Scaling group ARN and try again.',
    );
  }
  return group;
}

/** What ECS does for a group, as a request says and as it was before. */
export function readManagement(
  input: AutoScalingGroupProvider | AutoScalingGroupProviderUpdate,
  before?: CapacityProvider,
): Pick<CapacityProvider, 'managedScaling' | 'managedTerminationProtection' | 'managedDraining'> {
  checkOneOf('managedTerminationProtection', input.managedTerminationProtection, switches);
  checkOneOf('managedDraining', input.managedDraining, switches);
  return {
    managedScaling: readScaling(input.managedScaling, before?.managedScaling ?? usual),
    managedTerminationProtection:
      input.managedTerminationProtection ?? before?.managedTerminationProtection ?? 'DISABLED',
    managedDraining: input.managedDraining ?? before?.managedDraining ?? 'ENABLED',
  };
}

function readScaling(input: ManagedScaling | undefined, before: Scaling): Scaling {
  if (input === undefined) return before;
  checkOneOf('managedScaling.status', input.status, switches);
  const within = (name: Exclude<keyof Scaling, 'status'>, most: number, least = 1): number => {
    const value = input[name] ?? before[name];
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw invalidParameter(`managedScaling.${name} must be between ${least} and ${most}.`);
  };
  const scaling: Scaling = {
    // Whoever describes it wants it.
    status: input.status ?? 'ENABLED',
    targetCapacity: within('targetCapacity', 100),
    minimumScalingStepSize: within('minimumScalingStepSize', 10_000),
    maximumScalingStepSize: within('maximumScalingStepSize', 10_000),
    instanceWarmupPeriod: within('instanceWarmupPeriod', 10_000, 0),
  };
  if (scaling.minimumScalingStepSize > scaling.maximumScalingStepSize) {
    throw invalidParameter('managedScaling.minimumScalingStepSize must not exceed maximumScalingStepSize.');
  }
  return scaling;
}

/** Managed termination protection is ECS's use of the group's own. Throws `ClientException`. */
export function checkProtection(
  reader: Reader,
  group: AutoScalingGroup,
  { managedScaling, managedTerminationProtection }: ReturnType<typeof readManagement>,
): void {
  if (managedTerminationProtection === 'DISABLED') return;
  const invalid = 'The managed termination protection setting for the capacity provider is invalid.';
  if (managedScaling.status !== 'ENABLED') {
    throw clientException(
      `${invalid} To enable managed termination protection for a capacity provider, managed scaling must be enabled.`,
    );
  }
  const bare = reader
    .by(groupInstances, 'group', group.arn)
    .some(({ state, protectedFromScaleIn }) => state === 'InService' && !protectedFromScaleIn);
  if (!group.newInstancesProtected || bare) {
    throw clientException(
      `${invalid} To enable managed termination protection for a capacity provider, the Auto Scaling group must have instance protection from scale in enabled.`,
    );
  }
}
