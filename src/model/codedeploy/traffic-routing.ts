import type { Scoped } from '../tags.ts';

/** How production traffic is shifted to the replacement ("TrafficRoutingConfig", CodeDeploy API Reference). */
export type TrafficRouting =
  | { readonly type: 'AllAtOnce' }
  /** `percent` first, and after `minutes` everything. */
  | { readonly type: 'TimeBasedCanary'; readonly percent: number; readonly minutes: number }
  /** `percent` more every so many `minutes`. */
  | { readonly type: 'TimeBasedLinear'; readonly percent: number; readonly minutes: number };

/** A deployment configuration. */
export interface DeploymentConfig extends Scoped {
  readonly id: string;
  readonly name: string;
  readonly routing: TrafficRouting;
  /** Epoch milliseconds. */
  readonly createdAt: number;
}

/** The configuration of a deployment group that names none. */
export const defaultConfigName = 'CodeDeployDefault.ECSAllAtOnce';

/** "Predefined deployment configurations for an Amazon ECS compute platform" (CodeDeploy User Guide). */
export const predefinedRoutings: Readonly<Record<string, TrafficRouting>> = {
  [defaultConfigName]: { type: 'AllAtOnce' },
  'CodeDeployDefault.ECSLinear10PercentEvery1Minutes': { type: 'TimeBasedLinear', percent: 10, minutes: 1 },
  'CodeDeployDefault.ECSLinear10PercentEvery3Minutes': { type: 'TimeBasedLinear', percent: 10, minutes: 3 },
  'CodeDeployDefault.ECSCanary10Percent5Minutes': { type: 'TimeBasedCanary', percent: 10, minutes: 5 },
  'CodeDeployDefault.ECSCanary10Percent15Minutes': { type: 'TimeBasedCanary', percent: 10, minutes: 15 },
};

/** The share of production traffic that the replacement has after it had `percent`: never less, and 100 in the end. */
export function nextShare(routing: TrafficRouting, percent: number): number {
  switch (routing.type) {
    case 'AllAtOnce':
      return 100;
    case 'TimeBasedCanary':
      return percent < routing.percent ? routing.percent : 100;
    case 'TimeBasedLinear':
      return Math.min(100, percent + routing.percent);
    default:
      return routing satisfies never;
  }
}

/** Milliseconds for which a share stays before the next. */
export function stepMs(routing: TrafficRouting): number {
  return routing.type === 'AllAtOnce' ? 0 : routing.minutes * 60_000;
}
