import type { PayloadContainer, PayloadTask } from '../../wire/acs.ts';
import type { Fetched } from '../fetch/fetched.ts';
import { hostConfigOf } from '../tasks/docker-config.ts';
import { digest, taskIdOf } from '../tasks/names.ts';
import { bufferLimitOption, forwardPort, renderRouterConfig } from './router-config.ts';

/** The name, beside the generated configuration, of the one that a router's user keeps in S3. */
export const ownConfigFile = 'external.conf';

/** The container of a task that routes the output of others, and what of its file system is ours. */
export interface Router {
  readonly container: PayloadContainer;
  readonly kind: 'fluentd' | 'fluentbit';
  /** The directory that its configuration is looked for in, and the file. */
  readonly configDirectory: string;
  readonly configFile: string;
}

/** The `awsfirelens` options of a container; `undefined` when its output goes elsewhere. */
export function firelensOptions(container: PayloadContainer): Readonly<Record<string, string>> | undefined {
  const { LogConfig: log } = hostConfigOf(container);
  return log?.Type === 'awsfirelens' ? (log.Config ?? {}) : undefined;
}

/** The router of a task, when it has one. */
export function routerOf(task: PayloadTask): Router | undefined {
  const container = task.containers.find(({ firelensConfiguration }) => firelensConfiguration !== undefined);
  if (container?.firelensConfiguration === undefined) return undefined;
  const kind = container.firelensConfiguration.type;
  return kind === 'fluentd'
    ? { container, kind, configDirectory: '/fluentd/etc', configFile: 'fluent.conf' }
    : { container, kind, configDirectory: '/fluent-bit/etc', configFile: 'fluent-bit.conf' };
}

/** A payload in which whoever logs through the router starts after it and stops before it, as the genuine agent has it. */
export function withRouterDependencies(task: PayloadTask): PayloadTask {
  const router = routerOf(task)?.container.name;
  if (router === undefined) return task;
  const containers = task.containers.map((container) => {
    const waits = container.dependsOn.some(({ containerName }) => containerName === router);
    if (waits || container.name === router || firelensOptions(container) === undefined) return container;
    const dependsOn = [...container.dependsOn, { containerName: router, condition: 'START' as const }];
    return { ...container, dependsOn };
  });
  return { ...task, containers };
}

/**
 * The volumes that a task's router and the engine share: the one that its socket lies in, and the one with its
 * configuration where its root file system is read-only. Their names are short: a socket's path has at most 107 bytes.
 */
export function routerVolumes(
  installationId: string,
  task: PayloadTask,
): { readonly socket: string; readonly config?: string } {
  const name = (what: string): string => `firelens-${digest(installationId, task.arn, what).slice(0, 20)}`;
  const router = routerOf(task)?.container;
  const readonly = router !== undefined && hostConfigOf(router).ReadonlyRootfs === true;
  return { socket: name('socket'), ...(readonly ? { config: name('config') } : {}) };
}

/** The configuration of a task's router. Throws an `Error` that says what is wrong with it. */
export function routerConfig(task: PayloadTask, router: Router): string {
  const options = router.container.firelensConfiguration?.options ?? {};
  const { 'config-file-type': includeType, 'config-file-value': include } = options;
  const outputs = Object.fromEntries(
    task.containers.flatMap((container, index) => {
      const own = firelensOptions(container);
      if (own === undefined) return [];
      // Secrets are not written down: the configuration names the variables that hold them.
      const secrets = (container.secrets ?? [])
        .filter(({ target }) => target === 'LOG_DRIVER')
        .map(({ name }) => {
          const variable = secretVariable(name, index);
          return [name, router.kind === 'fluentd' ? `"#{ENV['${variable}']}"` : `\${${variable}}`] as const;
        });
      return [[container.name, { ...own, ...Object.fromEntries(secrets) }] as const];
    }),
  );
  return renderRouterConfig({
    kind: router.kind,
    networkMode: task.networkMode,
    fields:
      options['enable-ecs-log-metadata'] === 'false'
        ? {}
        : {
            ecs_cluster: task.taskClusterArn.slice(task.taskClusterArn.lastIndexOf('/') + 1),
            ecs_task_arn: task.arn,
            ecs_task_definition: `${task.family}:${task.version}`,
          },
    outputs,
    ...(includeType === 'file' && include !== undefined ? { include } : {}),
    ...(includeType === 's3' ? { include: `${router.configDirectory}/${ownConfigFile}` } : {}),
  });
}

/** The engine's log driver behind `awsfirelens`; `socketDirectory` is where the router's socket lies on the machine. */
export function firelensLogConfig(
  task: PayloadTask,
  container: PayloadContainer,
  socketDirectory: string,
): Record<string, unknown> {
  const limit = firelensOptions(container)?.[bufferLimitOption];
  return {
    Type: 'fluentd',
    Config: {
      tag: `${container.name}-firelens-${taskIdOf(task.arn)}`,
      'fluentd-address': `unix://${socketDirectory}/fluent.sock`,
      // The container need not wait for a router that is still starting.
      'fluentd-async': 'true',
      'fluentd-sub-second-precision': 'true',
      ...(limit === undefined ? {} : { 'fluentd-buffer-limit': limit }),
    },
  };
}

/**
 * What a router's part of a task adds to a container's environment: for the router the secret options of those who log
 * through it, for them where a program finds the router's forward input itself: in the network that they share, or at the router's
 * address on the bridge.
 */
export function firelensEnvironment(
  task: PayloadTask,
  container: PayloadContainer,
  fetched: Fetched | undefined,
  routerAddress?: string,
): Record<string, string> {
  if (container.firelensConfiguration !== undefined) {
    const secrets = task.containers.flatMap((each, index) =>
      firelensOptions(each) === undefined
        ? []
        : Object.entries(fetched?.[each.name]?.logOptions ?? {}).map(
            ([option, value]) => [secretVariable(option, index), value] as const,
          ),
    );
    return Object.fromEntries(secrets);
  }
  const host = task.networkMode === 'awsvpc' ? '127.0.0.1' : routerAddress;
  if (host === undefined || firelensOptions(container) === undefined) return {};
  return { FLUENT_HOST: host, FLUENT_PORT: forwardPort };
}

/** The router's environment variable that holds a secret option of the task's container at `index`. */
function secretVariable(option: string, index: number): string {
  return `${option}_${index}`;
}
