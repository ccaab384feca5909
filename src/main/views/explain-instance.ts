import { shortName } from '../../model/ecs/arns.ts';
import type { ContainerInstance } from '../../model/ecs/container-instance.ts';
import type { Reader } from '../../store/store.ts';
import { services } from '../../store/tables/ecs.ts';
import { observeService } from '../../control/services/observe.ts';
import { obstacle } from '../../model/ecs/placement.ts';
import { instanceView, type InstanceView } from './fleet.ts';
import { refusedIn, unplacedOf } from './unplaced.ts';

/** Everything about one container instance. Times are epoch milliseconds. */
export interface InstanceExplanation {
  readonly kind: 'instance';
  readonly cluster: string;
  readonly region: string;
  readonly instance: InstanceView;
  readonly statusReason?: string;
  readonly agentVersion?: string;
  readonly registeredAt: number;
  readonly attributes: readonly { readonly name: string; readonly value?: string }[];
  /** Why it takes no new tasks at all, in sentences; empty when it does. */
  readonly closed: readonly string[];
  /** Whose tasks did not fit on it: what still waits first, then calls that were refused, newest first. */
  readonly turnedAway: readonly { readonly who: string; readonly reason: string; readonly at?: number }[];
}

/** Explains a container instance. */
export function explainInstance(store: Reader, row: ContainerInstance, now: number): InstanceExplanation {
  const view = instanceView(store, row);
  return {
    kind: 'instance',
    cluster: shortName(row.clusterArn),
    region: row.region,
    instance: view,
    ...(row.statusReason === undefined ? {} : { statusReason: row.statusReason }),
    ...(row.versionInfo.agentVersion === undefined ? {} : { agentVersion: row.versionInfo.agentVersion }),
    registeredAt: row.registeredAt,
    attributes: row.attributes,
    closed: closedOf(row, view),
    turnedAway: [...waitingElsewhere(store, row), ...refusedHere(store, row, now)],
  };
}

function closedOf({ status, statusReason }: ContainerInstance, { connected, tasks }: InstanceView): string[] {
  const why = statusReason === undefined ? '' : ` (${statusReason})`;
  const closed: string[] = [];
  if (status === 'INACTIVE') closed.push(`it is deregistered${why}: register it again to use it`);
  if (status === 'DRAINING') {
    const left =
      tasks.length === 0
        ? 'it is empty and can be deregistered'
        : tasks.length === 1
          ? 'one task is still on it'
          : `${tasks.length} tasks are still on it`;
    closed.push(
      `it is DRAINING${why}: ${left}; 'aws ecs update-container-instances-state --status ACTIVE' opens it again`,
    );
  }
  if (!connected && status !== 'INACTIVE') {
    closed.push('its agent is not connected: see that the instance runs and that its agent reaches this endpoint');
  }
  return closed;
}

/** Services of its cluster with tasks that find no place anywhere: what they miss here. */
function waitingElsewhere(store: Reader, row: ContainerInstance): InstanceExplanation['turnedAway'] {
  return store.by(services, 'cluster', row.clusterArn).flatMap((service) => {
    if (unplacedOf(store, service) === undefined) return [];
    const places = observeService(store, service.arn)?.places;
    const candidate = places?.candidates.find(({ instance }) => instance.arn === row.arn);
    if (places === undefined || candidate === undefined) return [];
    const reason = row.status === 'DRAINING' ? 'DRAINING' : obstacle(candidate, places.needs);
    return reason === undefined ? [] : [{ who: `service ${service.name}`, reason }];
  });
}

function refusedHere(store: Reader, row: ContainerInstance, now: number): InstanceExplanation['turnedAway'] {
  return refusedIn(store, row.clusterArn, now)
    .toSorted((a, b) => b.at - a.at)
    .flatMap(({ operation, family, at, excluded }) => {
      // Where there are many, only the first few of each reason are named.
      const found = excluded.find(({ instanceIds }) => instanceIds.includes(row.id));
      return found === undefined ? [] : [{ who: `${operation} of ${family}`, reason: found.reason, at }];
    });
}
