import type { Ctx } from '../../../aws/handlers.ts';
import { classicArn, type ClassicForward, type ClassicSettings } from '../../../model/elbv2/classic.ts';
import type { Listener, LoadBalancer, TargetGroup } from '../../../model/elbv2/load-balancing.ts';
import type { Reader } from '../../../store/store.ts';
import { listeners, loadBalancers, targetGroups } from '../../../store/tables/elbv2.ts';
import { classicErrors } from './errors.ts';

type Place = Pick<Ctx, 'account' | 'region'>;

/** A Classic Load Balancer's row. */
export interface Classic extends LoadBalancer {
  readonly classic: ClassicSettings;
}

/** The load balancer of a name, or LoadBalancerNotFound. */
export function findClassic(reader: Reader, place: Place, name: string | undefined): Classic {
  const row = reader.get(loadBalancers, classicArn(place, name ?? ''));
  if (row === undefined || !isClassic(row)) {
    throw classicErrors.loadBalancerNotFound(name ?? '');
  }
  return row;
}

/** Whether a load balancer is a classic one. */
export function isClassic(row: LoadBalancer): row is Classic {
  return row.classic !== undefined;
}

/** The group of a load balancer's instances; it comes and goes with it. */
export function groupOf(reader: Reader, { classic }: Classic): TargetGroup {
  const group = reader.get(targetGroups, classic.groupArn);
  if (group === undefined) throw new Error(`there is no group ${classic.groupArn}`);
  return group;
}

/** A listener of a Classic Load Balancer. */
export type ClassicListener = Listener & { readonly classic: ClassicForward };

/** The listeners of a load balancer. */
export function listenersOf(reader: Reader, { arn }: Classic): ClassicListener[] {
  return reader
    .by(listeners, 'loadBalancer', arn)
    .flatMap((row) => (row.classic === undefined ? [] : [{ ...row, classic: row.classic }]));
}

/** The listener on a port, or ListenerNotFound. */
export function findListenerOn(reader: Reader, balancer: Classic, port: number | undefined): ClassicListener {
  const row = listenersOf(reader, balancer).find((each) => each.port === port);
  if (row === undefined) throw classicErrors.listenerNotFound(balancer.name, port ?? 0);
  return row;
}
