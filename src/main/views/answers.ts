import type { Clock } from '../../base/clock.ts';
import { AwsError } from '../../base/errors.ts';
import type { Store } from '../../store/store.ts';
import { clusters, containerInstances, services, tasks } from '../../store/tables/ecs.ts';
import { machines } from '../../store/tables/fleet.ts';
import { explain, type Explanation } from './explain.ts';
import { fleetOf, type FleetView } from './fleet.ts';

/** What the views are made from. */
export interface ViewDeps {
  readonly store: Store;
  readonly clock: Clock;
}

/** How long `?after=` waits for a change before it answers all the same, so that nobody takes a silence for a failure. */
const longestWaitMs = 20_000;

/** `GET /_stowage/fleet[?cluster=NAME][&after=REVISION]`. */
export async function answerFleet(deps: ViewDeps, query: URLSearchParams): Promise<FleetView> {
  const { store, clock } = deps;
  if (query.get('after') === revisionOf(store)) await changed(deps);
  await store.flushed(store.sequence);
  return {
    revision: revisionOf(store),
    at: clock.now(),
    clusters: fleetOf(store, clock.now(), query.get('cluster') ?? undefined),
  };
}

/** `GET /_stowage/explain?subject=TEXT[&cluster=NAME]`. */
export async function answerExplain({ store, clock }: ViewDeps, query: URLSearchParams): Promise<Explanation> {
  const subject = query.get('subject') ?? '';
  if (subject === '') throw new AwsError('MissingParameter', 'say what to explain: ?subject=TASK, SERVICE or INSTANCE');
  await store.flushed(store.sequence);
  return explain(store, subject, query.get('cluster') ?? undefined, clock.now());
}

/** Commits are counted by each process for itself. */
function revisionOf(store: Store): string {
  return `${process.pid}.${store.sequence}`;
}

/** Resolves with the next commit that a view may show. */
function changed({ store, clock }: ViewDeps): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = clock.after(longestWaitMs, resolve);
  const unwatch = store.watch([clusters, containerInstances, services, tasks, machines], () => resolve());
  return promise.finally(() => {
    cancel();
    unwatch();
  });
}
