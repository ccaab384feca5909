import type { MetricDatum } from '../../base/metric.ts';
import { pointOf } from '../../base/metric.ts';
import type { Scoped } from '../../model/tags.ts';

/** What a task used in a minute. */
export interface TaskUse {
  /** CPU units: 1,024 for a processor. */
  readonly cpu: number;
  /** MiB. */
  readonly memory: number;
}

/** A task of a service that was measured. */
export interface MeasuredTask extends Scoped {
  readonly clusterName: string;
  readonly serviceName: string;
  readonly use: TaskUse;
  /** What its definition asks for. */
  readonly reserved: TaskUse;
}

/** A container instance, with what the tasks that were measured on it used. */
export interface MeasuredInstance extends Scoped {
  readonly clusterName: string;
  readonly registered: TaskUse;
  /** What all tasks placed on it ask for. */
  readonly reserved: TaskUse;
  /** Absent where nothing was measured. */
  readonly use?: TaskUse;
}

/**
 * The metrics of one minute ("Amazon ECS service utilization metrics" and "Amazon ECS CloudWatch metrics", ECS Developer Guide). Of a service
 * there is a sample for each task, so that SampleCount is how many run; of a cluster one for each container instance, and what is
 * reserved as one figure.
 */
export function utilizationMetrics(
  at: number,
  tasks: readonly MeasuredTask[],
  instances: readonly MeasuredInstance[],
): MetricDatum[] {
  return [
    ...[...Map.groupBy(tasks, keyOf).values()].flatMap((all) => utilizationOf(at, all)),
    ...[...Map.groupBy(instances, keyOf).values()].flatMap((all) => [
      ...utilizationOf(
        at,
        all.flatMap(({ use, registered, ...rest }) =>
          use === undefined ? [] : [{ ...rest, use, reserved: registered }],
        ),
      ),
      ...reservationOf(at, all),
    ]),
  ];
}

type Place = Scoped & { readonly clusterName: string; readonly serviceName?: string };

function keyOf({ account, region, clusterName, serviceName }: Place): string {
  return [account, region, clusterName, serviceName ?? ''].join(' ');
}

function utilizationOf(
  at: number,
  all: readonly (Place & { readonly use: TaskUse; readonly reserved: TaskUse })[],
): MetricDatum[] {
  const [first] = all;
  if (first === undefined) return [];
  const share = (of: keyof TaskUse): number[] =>
    // What asks for nothing has no share of it.
    all.flatMap(({ use, reserved }) => (reserved[of] > 0 ? [(100 * use[of]) / reserved[of]] : []));
  return [
    ...datum(at, first, 'CPUUtilization', share('cpu')),
    ...datum(at, first, 'MemoryUtilization', share('memory')),
  ];
}

function reservationOf(at: number, all: readonly MeasuredInstance[]): MetricDatum[] {
  const [first] = all;
  if (first === undefined) return [];
  const share = (of: keyof TaskUse): number[] => {
    const registered = all.reduce((sum, each) => sum + each.registered[of], 0);
    const reserved = all.reduce((sum, each) => sum + each.reserved[of], 0);
    return registered > 0 ? [(100 * reserved) / registered] : [];
  };
  return [
    ...datum(at, first, 'CPUReservation', share('cpu')),
    ...datum(at, first, 'MemoryReservation', share('memory')),
  ];
}

function datum(at: number, place: Place, name: string, values: readonly number[]): MetricDatum[] {
  const { account, region, clusterName, serviceName } = place;
  const point = pointOf(
    at,
    'Percent',
    values.map((value) => [value, 1] as const),
  );
  const dimensions = [
    { name: 'ClusterName', value: clusterName },
    ...(serviceName === undefined ? [] : [{ name: 'ServiceName', value: serviceName }]),
  ];
  return point === undefined ? [] : [{ series: { account, region, namespace: 'AWS/ECS', name, dimensions }, point }];
}
