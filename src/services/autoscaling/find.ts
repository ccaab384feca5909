import type { AutoScalingGroup, GroupInstance } from '../../model/autoscaling/group.ts';
import { scopeOf, type Scoped } from '../../model/tags.ts';
import type { Reader } from '../../store/store.ts';
import { autoScalingGroups, groupInstances } from '../../store/tables/autoscaling.ts';
import { invalid } from './errors.ts';

/** The group of a name (or of an ARN, which most operations take as well). */
export function findGroup(reader: Reader, scope: Scoped, name: string | undefined): AutoScalingGroup | undefined {
  if (name?.startsWith('arn:')) {
    const row = reader.get(autoScalingGroups, name);
    return row !== undefined && scopeOf(row) === scopeOf(scope) ? row : undefined;
  }
  return reader.by(autoScalingGroups, 'name', `${scopeOf(scope)}/${name ?? ''}`)[0];
}

/** The group of a name that is not being deleted. Throws `ValidationError`. */
export function needGroup(reader: Reader, scope: Scoped, name: string | undefined): AutoScalingGroup {
  const group = findGroup(reader, scope, name);
  if (group === undefined) {
    throw invalid(`AutoScalingGroup name not found - AutoScalingGroup '${name ?? ''}' not found`);
  }
  if (group.deleting === true) throw invalid(`AutoScalingGroup '${group.name}' is pending delete`);
  return group;
}

/** An instance of any group. Throws `ValidationError`. */
export function needInstance(reader: Reader, scope: Scoped, id: string | undefined): GroupInstance {
  const row = reader.get(groupInstances, id ?? '');
  if (row === undefined || scopeOf(row) !== scopeOf(scope)) {
    throw invalid(`Instance Id not found - No managed instance found for instance ID: ${id ?? ''}`);
  }
  return row;
}

/** Instances of one group. Throws `ValidationError`. */
export function needInstancesOf(
  reader: Reader,
  group: AutoScalingGroup,
  ids: readonly string[] | undefined,
): GroupInstance[] {
  if (ids === undefined || ids.length === 0) throw invalid('At least one instance must be specified.');
  return [...new Set(ids)].map((id) => {
    const row = reader.get(groupInstances, id);
    if (row?.groupArn !== group.arn) {
      throw invalid(`The instance ${id} is not part of Auto Scaling group ${group.name}.`);
    }
    return row;
  });
}
