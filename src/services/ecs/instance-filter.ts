import type { ContainerInstance } from '../../model/ecs/container-instance.ts';
import { isMeant, parseInstanceQuery } from '../../model/ecs/instance-subjects.ts';
import { QueryError } from '../../model/ecs/query.ts';
import { factsOf } from '../../store/container-instances.ts';
import type { Reader } from '../../store/store.ts';
import { invalidParameter } from './errors.ts';

/** The test of a filter in the cluster query language. Throws `InvalidParameterException`. */
export function instanceFilter(reader: Reader, filter: string | undefined): (row: ContainerInstance) => boolean {
  if (filter === undefined || filter.trim() === '') return () => true;
  try {
    const query = parseInstanceQuery(filter);
    return (row) => isMeant(query, factsOf(reader, row));
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    throw invalidParameter(`Invalid filter expression '${filter}': ${error.message}.`);
  }
}
