import { shortName } from '../../model/ecs/arns.ts';
import type { Member } from '../../model/fleet/member.ts';
import type { Reader } from '../../store/store.ts';
import { containerInstances, tasks } from '../../store/tables/ecs.ts';
import { machines, members } from '../../store/tables/fleet.ts';

/** A machine that joined, as `stowage machines list` shows it. */
export interface MachineLine {
  readonly id: string;
  readonly name: string;
  /** Epoch milliseconds, here and below. */
  readonly joinedAt: number;
  readonly connected: boolean;
  /** Since when it is or is not. */
  readonly since?: number;
  readonly leaving: boolean;
  readonly instanceId?: string;
  readonly cluster?: string;
  /** Of its container instance. */
  readonly status?: string;
  readonly tasks: number;
}

/** The machines that joined and did not leave. */
export function listMachines(store: Reader): MachineLine[] {
  return store
    .list(members)
    .filter(({ removedAt }) => removedAt === undefined)
    .map((member) => {
      const machine = store.get(machines, member.id);
      const since = machine?.connected === true ? machine.connectedAt : machine?.disconnectedAt;
      const [registration] = store.by(containerInstances, 'ec2Instance', member.instanceId ?? '');
      return {
        id: member.id,
        name: member.name,
        joinedAt: member.joinedAt,
        connected: machine?.connected === true,
        ...(since === undefined ? {} : { since }),
        leaving: member.leavingSince !== undefined,
        ...(member.instanceId === undefined ? {} : { instanceId: member.instanceId }),
        ...(registration === undefined
          ? {}
          : { cluster: shortName(registration.clusterArn), status: registration.status }),
        tasks: countTasksOf(store, member),
      };
    });
}

/** The tasks on a machine that are not STOPPED: of Fargate, and of its instance. */
export function countTasksOf(store: Reader, { id, instanceId }: Member): number {
  return store.countBy(tasks, 'machine', id) + store.countBy(tasks, 'machine', instanceId ?? '');
}
