import { isoOf } from '../../base/clock.ts';
import { attributesOf, type ContainerInstance } from './container-instance.ts';
import { parseQuery, QueryError, satisfies, subjectsOf, type Query } from './query.ts';

/** What the cluster query language can ask of a container instance beside its own row. */
export interface InstanceFacts {
  readonly instance: ContainerInstance;
  /** Whether its agent is connected. */
  readonly connected: boolean;
  /** The groups of its live tasks, one for each task. */
  readonly groups: readonly string[];
  readonly runningTasks: number;
}

const subjects: Readonly<Record<string, (facts: InstanceFacts) => readonly (string | undefined)[]>> = {
  agentConnected: ({ connected }) => [String(connected)],
  agentVersion: ({ instance }) => [instance.versionInfo.agentVersion],
  ec2InstanceId: ({ instance }) => [instance.ec2InstanceId],
  registeredAt: ({ instance }) => [isoOf(instance.registeredAt)],
  runningTasksCount: ({ runningTasks }) => [String(runningTasks)],
  'task:group': ({ groups }) => groups,
};

/** Attributes are asked for as `attribute:<name>`. */
const attribute = 'attribute:';

/**
 * Reads an expression of the cluster query language about container instances ("Create expressions to define container instances for
 * Amazon ECS tasks"). Throws `QueryError`.
 */
export function parseInstanceQuery(text: string): Query {
  const query = parseQuery(text);
  for (const subject of subjectsOf(query)) {
    if (!Object.hasOwn(subjects, subject) && !subject.startsWith(attribute)) {
      throw new QueryError(`'${subject}' is no subject`);
    }
  }
  return query;
}

/** Whether an instance is meant by such an expression. */
export function isMeant(query: Query, facts: InstanceFacts): boolean {
  return satisfies(query, (subject) => {
    const known = subjects[subject];
    if (known !== undefined) return known(facts).filter((value) => value !== undefined);
    const value = attributeOf(facts.instance, subject);
    return value === undefined ? [] : [value];
  });
}

/** The value of `attribute:<name>`, empty for one that has none; `undefined` when the instance does not have it. */
export function attributeOf({ attributes }: ContainerInstance, subject: string): string | undefined {
  return attributesOf(attributes).get(subject.slice(attribute.length));
}
