import { isoOf } from '../../base/clock.ts';
import type { ContainerInstance } from '../../model/ecs/container-instance.ts';
import { parseQuery, QueryError, satisfies, subjectsOf } from '../../model/ecs/query.ts';
import { countOn, isConnected, tasksOn } from '../../store/container-instances.ts';
import type { Reader } from '../../store/store.ts';
import { invalidParameter } from './errors.ts';

const subjects: Readonly<Record<string, (reader: Reader, row: ContainerInstance) => readonly string[]>> = {
  agentConnected: (reader, row) => [String(isConnected(reader, row))],
  agentVersion: (_, row) => (row.versionInfo.agentVersion === undefined ? [] : [row.versionInfo.agentVersion]),
  ec2InstanceId: (_, row) => (row.ec2InstanceId === undefined ? [] : [row.ec2InstanceId]),
  registeredAt: (_, row) => [isoOf(row.registeredAt)],
  runningTasksCount: (reader, row) => [String(countOn(reader, row, 'running'))],
  'task:group': (reader, row) => tasksOn(reader, row).map(({ group }) => group),
};

/**
 * The test of a filter in the cluster query language: the subjects of "Create expressions to define container instances", and
 * attributes as `attribute:<name>`. Throws `InvalidParameterException`.
 */
export function instanceFilter(reader: Reader, filter: string | undefined): (row: ContainerInstance) => boolean {
  if (filter === undefined || filter.trim() === '') return () => true;
  try {
    const query = parseQuery(filter);
    for (const subject of subjectsOf(query)) {
      if (!Object.hasOwn(subjects, subject) && !subject.startsWith('attribute:')) {
        throw new QueryError(`'${subject}' is no subject`);
      }
    }
    return (row) =>
      satisfies(query, (subject) => {
        if (Object.hasOwn(subjects, subject)) return subjects[subject]?.(reader, row) ?? [];
        const found = row.attributes.find(({ name }) => name === subject.slice('attribute:'.length));
        return found === undefined ? [] : [found.value ?? ''];
      });
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    throw invalidParameter(`Invalid filter expression '${filter}': ${error.message}.`);
  }
}
