import { namedInterfaces } from '../store/balancer-addresses.ts';
import type { Store } from '../store/store.ts';
import { runs } from '../model/ecs/task-set.ts';
import { taskSetsOf } from '../store/task-sets.ts';
import { services, tasks } from '../store/tables/ecs.ts';
import { loadBalancers, listeners, targetGroups, targets } from '../store/tables/elbv2.ts';
import { rules, targetGroupsOf } from '../store/tables/elbv2.ts';

/** The answer of `GET /_stowage/status`: what runs, over all accounts and regions, for people. */
export interface Status {
  readonly version: string;
  readonly pid: number;
  readonly home: string;
  /** The installation's id on this machine. */
  readonly installation: string;
  readonly services: readonly {
    readonly region: string;
    readonly cluster: string;
    readonly name: string;
    readonly status: string;
    readonly desired: number;
    readonly running: number;
    readonly taskDefinition: string;
  }[];
  readonly tasks: readonly {
    readonly region: string;
    readonly cluster: string;
    readonly id: string;
    readonly group: string;
    readonly lastStatus: string;
    readonly privateIp?: string;
    readonly publicIp?: string;
  }[];
  readonly loadBalancers: readonly {
    readonly region: string;
    readonly name: string;
    readonly state: string;
    readonly url: string;
    readonly targets: number;
    readonly healthyTargets: number;
  }[];
}

const lastPart = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1);

/** Reads the part of `Status` that the store knows. */
export function statusOf(store: Store): Omit<Status, 'version' | 'pid' | 'home' | 'installation'> {
  return {
    services: store
      .list(services)
      .filter((service) => service.status !== 'INACTIVE')
      .map((service) => ({
        region: service.region,
        cluster: lastPart(service.clusterArn),
        name: service.name,
        status: service.status,
        desired: service.desiredCount,
        running: [...service.deployments, ...taskSetsOf(store, service.arn)].reduce(
          (sum, { runningCount }) => sum + runningCount,
          0,
        ),
        taskDefinition: lastPart(runs(service)?.taskDefinitionArn ?? '-'),
      })),
    tasks: store.by(tasks, 'life', 'live').map((task) => ({
      region: task.region,
      cluster: lastPart(task.clusterArn),
      id: task.id,
      group: task.group,
      lastStatus: task.lastStatus,
      ...(task.networkInterface === undefined ? {} : { privateIp: task.networkInterface.privateIp }),
      ...(task.networkInterface?.publicIp === undefined ? {} : { publicIp: task.networkInterface.publicIp }),
    })),
    loadBalancers: store.list(loadBalancers).map((balancer) => {
      const own = store.by(listeners, 'loadBalancer', balancer.arn);
      const groups = new Set(
        own.flatMap((listener) =>
          store.by(rules, 'listener', listener.arn).flatMap((rule) => targetGroupsOf(rule.actions)),
        ),
      );
      const registered = [...groups]
        .filter((group) => store.get(targetGroups, group) !== undefined)
        .flatMap((group) => store.by(targets, 'targetGroup', group));
      const address = namedInterfaces(store, balancer).find((row) => row.publicIp !== undefined);
      const port = own[0]?.port ?? 80;
      return {
        region: balancer.region,
        name: balancer.name,
        state: balancer.state.code,
        url: `http://${address?.publicIp ?? balancer.dnsName}${port === 80 ? '' : `:${port}`}/`,
        targets: registered.length,
        healthyTargets: registered.filter((target) => target.health.state === 'healthy').length,
      };
    }),
  };
}
