import type { Clock } from '../base/clock.ts';
import type { Ids } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import type { Blobs } from '../store/blobs/blobs.ts';
import type { Vault } from '../store/keys/vault.ts';
import type { MetricStore } from '../store/metrics/metric-store.ts';
import type { Store } from '../store/store.ts';
import type { Loop } from './loop.ts';
import { alarmHistoryLoop } from './alarms/history-loop.ts';
import { alarmLoop } from './alarms/loop.ts';
import { autoScalingGroupLoop, type GroupLoopDeps } from './auto-scaling-groups/loop.ts';
import { capacityProviderLoop } from './capacity-providers/loop.ts';
import { certificateLoop, type CertificateLoopDeps } from './certificates/loop.ts';
import { deadlineLoop } from './deadlines/loop.ts';
import { imageLoop } from './images/loop.ts';
import { balancerLoop } from './balancers/loop.ts';
import type { CallHook } from './call-hook.ts';
import { codeDeployHookLoop } from './codedeploy/hook-loop.ts';
import { codeDeployLoop } from './codedeploy/loop.ts';
import { lifecycleHookLoop } from './lifecycle-hooks/loop.ts';
import { instanceLoop } from './instances/loop.ts';
import { memberLoop } from './members/loop.ts';
import { objectLoop } from './objects/loop.ts';
import { natGatewayLoop } from './nat-gateways/loop.ts';
import { rotationLoop } from './rotations/loop.ts';
import { serviceLoop } from './services/loop.ts';
import { sessionLoop } from './sessions/loop.ts';
import { targetLoop } from './targets/loop.ts';
import { taskDefinitionLoop } from './task-definitions/loop.ts';
import { taskLoop } from './tasks/loop.ts';

/** What the loops are made from. */
export interface ControlDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  /** What alarms are evaluated from. */
  readonly metrics: Pick<MetricStore, 'read'>;
  /** Makes the next material of KMS keys. */
  readonly vault: Pick<Vault, 'rotated'>;
  /** The range that public addresses come from. */
  readonly publicPool: string;
  /** Where the content of images lies. */
  readonly blobs: Pick<Blobs, 'collect'>;
  /** Calls a hook of a deployment, or a secret's rotation function. */
  readonly callHook: CallHook;
  /** How long a task that nothing checks has to run before it counts as healthy; as long as ECS waits, unless it is said. */
  readonly settleMs?: number;
  readonly renewCertificate: CertificateLoopDeps['renewCertificate'];
  readonly launcher: GroupLoopDeps['launcher'];
}

/** Every control loop there is; `runLoop` runs one. */
export function allLoops(deps: ControlDeps): Loop[] {
  return [
    serviceLoop(deps),
    lifecycleHookLoop(deps),
    rotationLoop(deps),
    codeDeployLoop(deps),
    codeDeployHookLoop(deps),
    taskLoop(deps),
    targetLoop(deps),
    balancerLoop(deps),
    natGatewayLoop(deps),
    instanceLoop(deps),
    autoScalingGroupLoop(deps),
    capacityProviderLoop(deps),
    memberLoop(deps),
    taskDefinitionLoop(deps),
    imageLoop(deps),
    objectLoop(deps),
    deadlineLoop(deps),
    sessionLoop(deps),
    certificateLoop(deps),
    alarmLoop(deps),
    alarmHistoryLoop(deps),
  ];
}
