import type { ContainerInstanceHealthStatus, InstanceHealthCheckType } from '@aws-sdk/client-ecs';
import { dateOf } from '../../base/clock.ts';
import { given } from '../../base/given.ts';
import type { MachineStatus } from '../../model/fleet/machine.ts';

/** What agents call each check, and what ECS does ("InstanceHealthCheckResult", ECS API Reference). */
const types: Readonly<Record<string, InstanceHealthCheckType>> = {
  ContainerRuntime: 'CONTAINER_RUNTIME',
  AcceleratedCompute: 'ACCELERATED_COMPUTE',
  Daemon: 'DAEMON',
};

/** The health of a container instance: what its agent last said of it, while the agent is connected to say more. */
export function instanceHealth(statuses: readonly MachineStatus[], connected: boolean): ContainerInstanceHealthStatus {
  const known = statuses.flatMap((one) => {
    const type = types[one.type];
    return type === undefined ? [] : [{ ...one, type }];
  });
  return {
    overallStatus: connected ? overall(known.map(({ status }) => status)) : 'INSUFFICIENT_DATA',
    details: known.map(({ type, status, statusReason, lastUpdated, lastStatusChange }) => ({
      type,
      status: connected ? status : 'INSUFFICIENT_DATA',
      ...given('statusReason', statusReason),
      lastUpdated: dateOf(lastUpdated),
      lastStatusChange: dateOf(lastStatusChange),
    })),
  };
}

/** The worst of them; nothing known is too little to judge by. */
function overall(statuses: readonly MachineStatus['status'][]): MachineStatus['status'] {
  const worst = (['IMPAIRED', 'INITIALIZING', 'INSUFFICIENT_DATA'] as const).find((status) =>
    statuses.includes(status),
  );
  return worst ?? (statuses.length > 0 ? 'OK' : 'INSUFFICIENT_DATA');
}
