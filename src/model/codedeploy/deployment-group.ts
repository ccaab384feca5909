import type { Scoped, Tag } from '../tags.ts';

/** What makes CodeDeploy roll back by itself ("AutoRollbackConfiguration", CodeDeploy API Reference). */
export const rollbackEvents = ['DEPLOYMENT_FAILURE', 'DEPLOYMENT_STOP_ON_ALARM', 'DEPLOYMENT_STOP_ON_REQUEST'] as const;
export type RollbackEvent = (typeof rollbackEvents)[number];

/** When a deployment rolls back by itself. */
export interface AutoRollback {
  readonly enabled: boolean;
  readonly events: readonly RollbackEvent[];
}

/** The alarms of CloudWatch that stop a deployment ("AlarmConfiguration", CodeDeploy API Reference). */
export interface AlarmWatch {
  readonly enabled: boolean;
  /** Whether a deployment goes on though the state of an alarm is not to be had. */
  readonly ignoresUnknown: boolean;
  readonly names: readonly string[];
}

/** Whether a deployment waits before it shifts production traffic, and before it terminates what ran before. Minutes. */
export interface Waits {
  /** What happens `readyMinutes` after the replacement is ready: traffic is shifted (at once with 0), or the deployment stops. */
  readonly onReadyTimeout: 'CONTINUE_DEPLOYMENT' | 'STOP_DEPLOYMENT';
  readonly readyMinutes: number;
  readonly terminationMinutes: number;
}

/** Two target groups and the listeners that forward to one of them. */
export interface TargetGroupPair {
  /** Names, as they are given. */
  readonly targetGroups: readonly [string, string];
  readonly productionListenerArn: string;
  readonly testListenerArn?: string;
}

/** A deployment group: the service that its deployments are for, and how they go about it. */
export interface DeploymentGroup extends Scoped {
  readonly id: string;
  readonly name: string;
  /** The application's, which may be renamed. */
  readonly applicationId: string;
  readonly configName: string;
  readonly serviceRoleArn: string;
  readonly autoRollback: AutoRollback;
  readonly alarms: AlarmWatch;
  readonly waits: Waits;
  readonly pair: TargetGroupPair;
  readonly clusterName: string;
  readonly serviceName: string;
  readonly tags: readonly Tag[];
}
