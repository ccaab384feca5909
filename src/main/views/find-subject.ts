import { AwsError } from '../../base/errors.ts';
import { shortName } from '../../model/ecs/arns.ts';
import type { ContainerInstance } from '../../model/ecs/container-instance.ts';
import type { Refusal } from '../../model/ecs/placement.ts';
import type { Service } from '../../model/ecs/service.ts';
import type { Task } from '../../model/ecs/task.ts';
import type { Reader } from '../../store/store.ts';
import { containerInstances, refusals, services, tasks } from '../../store/tables/ecs.ts';

/** What somebody asks about. */
export type Subject =
  | { readonly kind: 'task'; readonly row: Task }
  | { readonly kind: 'service'; readonly row: Service }
  | { readonly kind: 'instance'; readonly row: ContainerInstance }
  /** A family that RunTask or StartTask found no place for. */
  | { readonly kind: 'refusal'; readonly row: Refusal };

/** The shortest beginning of an id that is taken for one. */
const shortestId = 4;

/** How many are named where several are meant. */
const namedSubjects = 8;

/**
 * The task, service or instance that a text means: an ARN; an EC2 instance's id; a service's name; the beginning of a task's or
 * container instance's id; or the family (or group) of tasks that were run by hand. `cluster` is a name or an ARN. Throws an
 * `AwsError` that says what there is when none is meant, or several.
 */
export function findSubject(store: Reader, text: string, cluster?: string): Subject {
  const inCluster = ({ clusterArn }: { readonly clusterArn: string }): boolean =>
    cluster === undefined || clusterArn === cluster || shortName(clusterArn) === cluster;
  for (const found of candidates(store, text)) {
    const meant = found.filter(({ row }) => inCluster(row));
    const [only, ...others] = meant;
    if (only !== undefined && others.length === 0) return only;
    if (only !== undefined) throw several(text, meant);
  }
  const where = cluster === undefined ? '' : ` in cluster '${cluster}'`;
  throw new AwsError(
    'NotFound',
    `there is no task, service or container instance '${text}'${where}: give an id or its beginning, a name or an ARN ` +
      "('stowage fleet' shows them; tasks that stopped are known for an hour)",
    { status: 404 },
  );
}

/** What a text may mean, the likeliest first; each is asked for only when the ones before meant nothing. */
function* candidates(store: Reader, text: string): Generator<readonly Subject[]> {
  if (text.startsWith('arn:')) {
    const task = store.get(tasks, text);
    const service = store.get(services, text);
    const instance = store.get(containerInstances, text);
    if (task !== undefined) yield [{ kind: 'task', row: task }];
    if (service !== undefined) yield [{ kind: 'service', row: service }];
    if (instance !== undefined) yield [{ kind: 'instance', row: instance }];
    return;
  }
  const named = store.list(services).filter(({ name }) => name === text);
  yield asServices(named.filter(({ status }) => status !== 'INACTIVE'));
  if (text.length >= shortestId && /^(i-)?[0-9a-f]+$/.test(text)) {
    const registered = store.list(containerInstances);
    yield [
      ...store
        .keys(tasks)
        .filter((arn) => shortName(arn).startsWith(text))
        .flatMap((arn): Subject[] => asTasks([store.get(tasks, arn)].filter((row) => row !== undefined))),
      ...registered
        .filter(
          ({ id, ec2InstanceId, status }) =>
            status !== 'INACTIVE' && [id, ec2InstanceId].some((one) => one?.startsWith(text)),
        )
        .map((row): Subject => ({ kind: 'instance', row })),
    ];
    yield registered
      .filter(({ id, ec2InstanceId }) => [id, ec2InstanceId].includes(text))
      .map((row): Subject => ({ kind: 'instance', row }));
  }
  const byHand = ({ group, family, serviceArn }: Task): boolean =>
    serviceArn === undefined && [group, family].includes(text);
  yield asTasks(store.by(tasks, 'life', 'live').filter(byHand));
  yield store
    .list(refusals)
    .filter(({ family }) => family === text)
    .map((row): Subject => ({ kind: 'refusal', row }));
  // The last that stopped is the one that somebody wonders about.
  const stopped = store.by(tasks, 'stopped', text).filter(byHand);
  yield asTasks(stopped.toSorted((a, b) => (b.stoppedAt ?? 0) - (a.stoppedAt ?? 0)).slice(0, 1));
  yield asServices(named);
}

const asServices = (rows: readonly Service[]): Subject[] => rows.map((row) => ({ kind: 'service', row }));
const asTasks = (rows: readonly Task[]): Subject[] => rows.map((row) => ({ kind: 'task', row }));

function several(text: string, meant: readonly Subject[]): AwsError {
  const lines = meant.slice(0, namedSubjects).map((subject) => `  ${subject.kind} ${arnOf(subject)}`);
  const more = meant.length > lines.length ? `\n  and ${meant.length - lines.length} more` : '';
  return new AwsError(
    'Ambiguous',
    `'${text}' may mean ${meant.length} things; give more of it, its ARN, or --cluster:\n${lines.join('\n')}${more}`,
    {
      status: 409,
    },
  );
}

function arnOf({ kind, row }: Subject): string {
  return kind === 'refusal' ? row.taskDefinitionArn : row.arn;
}
