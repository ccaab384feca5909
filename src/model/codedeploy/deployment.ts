import type { RevisionLocation } from '@aws-sdk/client-codedeploy';
import type { DeploymentSpec } from '../ecs/service.ts';
import type { Scoped } from '../tags.ts';
import type { AlarmWatch, AutoRollback, Waits } from './deployment-group.ts';
import type { HookEvent, LifecycleEvent } from './lifecycle-event.ts';
import type { TrafficRouting } from './traffic-routing.ts';

/** Where traffic goes in a deployment: by ARN. */
export interface Route {
  readonly targetGroups: readonly [string, string];
  readonly productionListenerArn: string;
  readonly testListenerArn?: string;
}

/** What a deployment does: everything that it needs to know, so that nobody changes it under its feet. */
export interface DeploymentWork {
  /** What the replacement task set runs, but for the target group that it is put in. */
  readonly spec: DeploymentSpec;
  readonly hooks: Readonly<Partial<Record<HookEvent, string>>>;
  readonly routing: TrafficRouting;
  readonly waits: Waits;
  readonly route: Route;
}

/** A task set of a deployment that is over, as it stood at its end. */
export interface TaskSetRecord {
  readonly id: string;
  readonly label: 'Blue' | 'Green';
  readonly status: string;
  readonly desiredCount: number;
  readonly pendingCount: number;
  readonly runningCount: number;
  readonly trafficPercent: number;
  readonly targetGroupArn: string;
}

/**
 * A CodeDeploy deployment to an ECS service. The API makes the row, ends it (StopDeployment), says that it may go on and notes
 * what hooks report; the deployment loop writes everything else.
 */
export interface CodeDeployment extends Scoped {
  /** `d-` and nine letters or digits. */
  readonly id: string;
  readonly applicationId: string;
  readonly applicationName: string;
  readonly groupId: string;
  readonly groupName: string;
  readonly configName: string;
  readonly creator: 'user' | 'codeDeployRollback';
  readonly description?: string;
  readonly revision: RevisionLocation;
  readonly previousRevision?: RevisionLocation;
  readonly autoRollback: AutoRollback;
  readonly alarms: AlarmWatch;
  readonly serviceArn: string;
  readonly clusterName: string;
  readonly serviceName: string;
  readonly status: 'Created' | 'InProgress' | 'Ready' | 'Succeeded' | 'Failed' | 'Stopped';
  /** Epoch milliseconds, as all times here. */
  readonly createdAt: number;
  readonly startedAt?: number;
  readonly completedAt?: number;
  readonly error?: { readonly code: string; readonly message: string };
  readonly rollbackInfo?: {
    readonly rollbackDeploymentId?: string;
    readonly rollbackTriggeringDeploymentId?: string;
    readonly rollbackMessage?: string;
  };
  /** Absent of one whose revision could not be read. */
  readonly work?: DeploymentWork;
  readonly events: readonly LifecycleEvent[];
  /** The task set that served when it began, and the one that takes its place, by ARN. */
  readonly originalArn?: string;
  readonly replacementArn?: string;
  /** The replacement's share of production traffic in percent, and since when. */
  readonly share: number;
  readonly sharedAt?: number;
  /** Test traffic goes to the replacement. */
  readonly tested?: true;
  /** Since when it waits to be allowed to shift production traffic, and since when to terminate the original. */
  readonly readySince?: number;
  readonly terminationSince?: number;
  /** Somebody let it go on. */
  readonly continued?: { readonly ready?: true; readonly termination?: true };
  /** Its task sets, once it is over. */
  readonly taskSets?: readonly TaskSetRecord[];
}

/** Whether a deployment has come to its end. */
export function isOver({ status }: Pick<CodeDeployment, 'status'>): boolean {
  return status === 'Succeeded' || status === 'Failed' || status === 'Stopped';
}
