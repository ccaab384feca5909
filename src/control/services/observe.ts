import { given } from '../../base/given.ts';
import { launchTypeOf } from '../../model/ecs/capacity.ts';
import type { ContainerInstance } from '../../model/ecs/container-instance.ts';
import { needsOf, type TaskNeeds } from '../../model/ecs/needs.ts';
import type { Candidate } from '../../model/ecs/placement.ts';
import type { DeploymentSpec, Service } from '../../model/ecs/service.ts';
import type { ServiceDeployment } from '../../model/ecs/service-deployment.ts';
import type { Task } from '../../model/ecs/task.ts';
import { hasTaskSets, type TaskSet } from '../../model/ecs/task-set.ts';
import type { Applied } from '../../model/fleet/machine.ts';
import type { TaskDefinition } from '../../model/ecs/task-definition.ts';
import { mayWait, providerOf } from '../../store/capacity-providers.ts';
import { candidatesIn, hasTasksOfItsOwn } from '../../store/container-instances.ts';
import { candidatesBehindDaemons } from '../../store/daemon-reservations.ts';
import type { Reader } from '../../store/store.ts';
import { shiftingRule } from '../../store/shifting-rule.ts';
import { zonesOf } from '../../store/subnet-zones.ts';
import { uncheckedSettleMs } from './health.ts';
import { shiftingEntries, type ShiftingEntry } from './traffic.ts';
import { taskSetsOf } from '../../store/task-sets.ts';
import { observeAlarms, type ObservedAlarm } from './alarms.ts';
import { taskTargets, type TaskTarget } from '../../store/task-targets.ts';
import { subnets } from '../../store/tables/ec2.ts';
import { listeners } from '../../store/tables/elbv2.ts';
import { applied } from '../../store/tables/fleet.ts';
import { containerInstances, serviceDeployments, services, taskDefinitions, tasks } from '../../store/tables/ecs.ts';

/** A task of the service with its targets. */
export interface ObservedServiceTask {
  readonly task: Task;
  readonly targets: readonly TaskTarget[];
}

/** The instances of a cluster, and what a task needs of one. */
export interface Places {
  readonly needs: TaskNeeds;
  /** Read when it is asked for, in the same synchronous turn. */
  readonly candidates: readonly Candidate[];
  /** Whether tasks of a capacity provider that find no place wait for an instance: ECS sizes its group. */
  readonly waitsFor: (provider: string) => boolean;
  /** Whether an instance is a capacity provider's. */
  readonly isOf: (candidate: Candidate, provider: string) => boolean;
}

/** What the judgement of one service stands on. */
export interface ObservedService {
  readonly service: Service;
  /** The service deployment under way. */
  readonly rollout?: ServiceDeployment;
  /** The alarms that watch it. */
  readonly alarms: readonly ObservedAlarm[];
  /** Service deployments of it that somebody asked to stop. */
  readonly stopping: readonly ServiceDeployment[];
  /** The rules by which deployments of the PRIMARY one's load balancers shift traffic. */
  readonly traffic: readonly ShiftingEntry[];
  /** What machines said of the load balancers of those rules. */
  readonly served: readonly Applied[];
  /** Its tasks that are not STOPPED, and the stopped ones whose end is not accounted for. */
  readonly tasks: readonly ObservedServiceTask[];
  /** Its task sets, the oldest first; only of a service whose deployments are such. */
  readonly taskSets: readonly TaskSet[];
  /** The definitions of its deployments or task sets, by ARN. */
  readonly definitions: ReadonlyMap<string, TaskDefinition>;
  /** Of a service on instances: those of its cluster, and what a task of the PRIMARY deployment needs of one. */
  readonly places?: Places;
  /** The same of each task set on instances, by id. */
  readonly placesOf: ReadonlyMap<string, Places>;
  /** How long a task that nothing checks has to run before it counts as healthy. */
  readonly settleMs: number;
  /** The zones where tasks of the PRIMARY deployment may be, with its subnets of each; only where they are to be kept even. */
  readonly zones: ReadonlyMap<string, readonly string[]>;
  /** The instance that a task stands on; read when it is asked for, in the same synchronous turn. */
  instanceOf(task: Task): ContainerInstance | undefined;
  /** The container instances that are being drained. */
  readonly draining: ReadonlySet<string>;
  /** Of those: where tasks run that are no daemon's. */
  readonly busy: ReadonlySet<string>;
}

/**
 * Reads what `planService` needs; `undefined` when the service is gone or over. A task that nothing checks is healthy once it ran for
 * `settleMs`.
 */
export function observeService(
  store: Reader,
  serviceArn: string,
  settleMs: number = uncheckedSettleMs,
): ObservedService | undefined {
  const service = store.get(services, serviceArn);
  if (service === undefined || service.status === 'INACTIVE') return undefined;
  const sets = hasTaskSets(service) ? taskSetsOf(store, serviceArn) : [];
  const definitions = [...service.deployments, ...sets].flatMap(({ taskDefinitionArn }) => {
    const definition = store.get(taskDefinitions, taskDefinitionArn);
    return definition === undefined ? [] : [[taskDefinitionArn, definition] as const];
  });
  const byArn = new Map(definitions);
  const rollout =
    service.currentServiceDeployment === undefined
      ? undefined
      : store.get(serviceDeployments, service.currentServiceDeployment);
  const traffic = shiftingEntries(service.deployments[0]?.loadBalancers ?? [], (arn) => shiftingRule(store, arn));
  return {
    service,
    ...given('rollout', rollout),
    alarms: observeAlarms(store, rollout),
    traffic,
    served: servedOf(store, traffic),
    stopping: store.by(serviceDeployments, 'stopping', serviceArn),
    tasks: store.by(tasks, 'concern', serviceArn).map((task) => ({ task, targets: taskTargets(store, task) })),
    taskSets: sets,
    definitions: byArn,
    settleMs,
    zones: observeZones(store, service),
    instanceOf: ({ containerInstanceArn }) => store.get(containerInstances, containerInstanceArn ?? ''),
    ...observePlaces(store, service, sets, byArn),
  };
}

function observeZones(store: Reader, service: Service): Map<string, string[]> {
  const [primary] = service.deployments;
  const zones = new Map<string, string[]>();
  if (primary === undefined || service.availabilityZoneRebalancing !== 'ENABLED') return zones;
  for (const id of primary.networkConfiguration?.subnets ?? []) {
    const zone = store.get(subnets, id)?.availabilityZone;
    if (zone !== undefined) zones.set(zone, [...(zones.get(zone) ?? []), id]);
  }
  if (!isOnInstances(primary)) return zones;
  const there = store
    .by(containerInstances, 'cluster', service.clusterArn)
    .filter(({ status }) => status === 'ACTIVE')
    .map(({ availabilityZone = '' }) => availabilityZone);
  const own = primary.networkConfiguration === undefined ? there : there.filter((zone) => zones.has(zone));
  return new Map(own.map((zone) => [zone, zones.get(zone) ?? []]));
}

function servedOf(store: Reader, traffic: readonly ShiftingEntry[]): Applied[] {
  const balancers = traffic
    .flatMap(({ productionRule, testRule }) => [productionRule, testRule])
    .flatMap((rule) => store.get(listeners, rule?.listenerArn ?? '')?.loadBalancerArn ?? []);
  return [...new Set(balancers)].flatMap((arn) => store.by(applied, 'subject', arn));
}

function observePlaces(
  store: Reader,
  service: Service,
  sets: readonly TaskSet[],
  definitions: ReadonlyMap<string, TaskDefinition>,
): Pick<ObservedService, 'places' | 'placesOf' | 'draining' | 'busy'> {
  const [primary] = service.deployments;
  if (![...sets, ...(primary === undefined ? [] : [primary])].some(isOnInstances)) {
    return { placesOf: new Map(), draining: new Set(), busy: new Set() };
  }
  const draining = store
    .by(containerInstances, 'cluster', service.clusterArn)
    .filter((instance) => instance.status === 'DRAINING');
  const placesOf = sets.flatMap((taskSet) => {
    const places = placesFor(store, service, taskSet, definitions);
    return places === undefined ? [] : [[taskSet.id, places] as const];
  });
  return {
    ...given('places', primary && placesFor(store, service, primary, definitions)),
    placesOf: new Map(placesOf),
    draining: new Set(draining.map(({ arn }) => arn)),
    busy: new Set(draining.flatMap((instance) => (hasTasksOfItsOwn(store, instance) ? [instance.arn] : []))),
  };
}

function isOnInstances(spec: DeploymentSpec): boolean {
  return launchTypeOf(spec) !== 'FARGATE';
}

function placesFor(
  store: Reader,
  service: Service,
  spec: DeploymentSpec,
  definitions: ReadonlyMap<string, TaskDefinition>,
): Places | undefined {
  const definition = definitions.get(spec.taskDefinitionArn);
  if (definition === undefined || !isOnInstances(spec)) return undefined;
  const launchType = launchTypeOf(spec);
  const find = service.schedulingStrategy === 'DAEMON' ? candidatesIn : candidatesBehindDaemons;
  let candidates: readonly Candidate[] | undefined;
  return {
    needs: needsOf(definition, {}, zonesOf(store, spec.networkConfiguration), {
      ...service,
      group: `service:${service.name}`,
    }),
    // Most plans place nothing, and what every instance has left is much to find out.
    get candidates() {
      return (candidates ??= find(store, service.clusterArn, launchType, { serviceArn: service.arn, group: '' }));
    },
    waitsFor: (provider) => mayWait(store, service.clusterArn, provider),
    isOf: ({ instance }, provider) => providerOf(store, instance) === provider,
  };
}
