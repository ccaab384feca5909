import { given } from '../../base/given.ts';
import type { Instance } from '../../model/ec2/instance.ts';
import type { ContainerInstance } from '../../model/ecs/container-instance.ts';
import type { Task } from '../../model/ecs/task.ts';
import type { Member } from '../../model/fleet/member.ts';
import type { Reader } from '../../store/store.ts';
import { instances } from '../../store/tables/ec2.ts';
import { containerInstances, tasks } from '../../store/tables/ecs.ts';
import { machines, members } from '../../store/tables/fleet.ts';

/** What the judgement of one machine that joined stands on. */
export interface ObservedMember {
  readonly member: Member;
  readonly connected: boolean;
  /** The instance that it is in its cluster, and that instance's registration. */
  readonly instance?: Instance;
  readonly containerInstance?: ContainerInstance;
  /** The tasks of services on that instance that are not on their way out. */
  readonly serviceTasks: number;
  /** The tasks of Fargate on it that are not STOPPED. */
  readonly fargateTasks: readonly Task[];
}

/** Reads what `planMember` needs; `undefined` when there is no such machine. */
export function observeMember(store: Reader, id: string): ObservedMember | undefined {
  const member = store.get(members, id);
  if (member === undefined) return undefined;
  const instance = member.instanceId === undefined ? undefined : store.get(instances, member.instanceId);
  const [registration] = instance === undefined ? [] : store.by(containerInstances, 'ec2Instance', instance.id);
  const placed = registration === undefined ? [] : store.by(tasks, 'instance', registration.arn);
  return {
    member,
    connected: store.get(machines, id)?.connected === true,
    ...given('instance', instance),
    ...given('containerInstance', registration),
    serviceTasks: placed.filter(
      ({ serviceArn, desiredStatus }) => serviceArn !== undefined && desiredStatus === 'RUNNING',
    ).length,
    fargateTasks: store.by(tasks, 'machine', id),
  };
}
