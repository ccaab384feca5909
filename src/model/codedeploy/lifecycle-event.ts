/** What happens in a deployment, in order ("List of lifecycle event hooks for an Amazon ECS deployment", CodeDeploy User Guide). */
export const lifecycleEventNames = [
  'BeforeInstall',
  'Install',
  'AfterInstall',
  'AllowTestTraffic',
  'AfterAllowTestTraffic',
  'BeforeAllowTraffic',
  'AllowTraffic',
  'AfterAllowTraffic',
] as const;
export type LifecycleEventName = (typeof lifecycleEventNames)[number];

/** Those that a hook may be named for. */
export const hookEvents = [
  'BeforeInstall',
  'AfterInstall',
  'AfterAllowTestTraffic',
  'BeforeAllowTraffic',
  'AfterAllowTraffic',
] as const satisfies readonly LifecycleEventName[];
export type HookEvent = (typeof hookEvents)[number];

/** One of them, as it stands in a deployment. */
export interface LifecycleEvent {
  readonly name: LifecycleEventName;
  readonly status: 'Pending' | 'InProgress' | 'Succeeded' | 'Failed' | 'Skipped';
  /** Epoch milliseconds. */
  readonly startedAt?: number;
  readonly endedAt?: number;
  /** Why it failed. */
  readonly message?: string;
  /** Of one that a hook was named for, from its beginning on: by it the hook says how it went. */
  readonly hook?: HookExecution;
}

/** The call of a hook (docs/decisions/0023). */
export interface HookExecution {
  readonly id: string;
  readonly target: string;
  /** It took the call, and is to report by `id`. */
  readonly called?: true;
  /** What it reported, or what became of the call. */
  readonly outcome?: 'Succeeded' | 'Failed';
}

/** The events of a deployment as it begins; those of test traffic are there only with a test listener. */
export function pendingEvents(testTraffic: boolean): LifecycleEvent[] {
  return lifecycleEventNames
    .filter((name) => testTraffic || !name.includes('TestTraffic'))
    .map((name) => ({ name, status: 'Pending' }));
}
