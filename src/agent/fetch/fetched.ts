import type { RegistryAuth } from '../../drivers/docker/driver.ts';
import type { PayloadContainer, PayloadTask } from '../../wire/acs.ts';

/** What one container is made with and its payload only names. */
export interface FetchedForContainer {
  /** Environment variables that files have, for names that its definition gives no value. */
  readonly fileEnvironment?: Readonly<Record<string, string>>;
  /** Environment variables whose values are secrets. */
  readonly environment: Readonly<Record<string, string>>;
  /** Options of its log driver whose values are secrets. */
  readonly logOptions: Readonly<Record<string, string>>;
  /** The configuration of a log router's own that lies in S3. */
  readonly routerFile?: string;
  /** With what its image is pulled from a private registry. */
  readonly registryAuth?: RegistryAuth;
}

/** What was fetched for a task, by container. It is kept in memory and nowhere else: not in labels, logs or documents. */
export type Fetched = Readonly<Record<string, FetchedForContainer>>;

/** Whether a container's payload only names something that it is made with. */
export function namesWhatIsFetched(container: PayloadContainer): boolean {
  const { secrets = [], environmentFiles = [], registryAuthentication } = container;
  if (secrets.length > 0 || environmentFiles.length > 0 || registryAuthentication?.type === 'asm') return true;
  return container.firelensConfiguration?.options['config-file-type'] === 's3';
}

/**
 * Why something could not be fetched. The genuine agent's reasons are handed on as they are; Fargate has its own words around
 * them ("Stopped tasks error messages", ECS Developer Guide).
 */
export class FetchError extends Error {
  override readonly name = 'FetchError';

  /**
   * `what` and `why` are Fargate's words, `agent` the whole reason of an agent's; `failed` says what failed as a whole where it
   * is neither secrets nor registries.
   */
  constructor(
    task: PayloadTask,
    words: {
      readonly agent: string;
      readonly what?: string;
      readonly why: string;
      readonly attempts?: number;
      readonly failed?: string;
    },
  ) {
    const { agent, what = '', why, attempts = 1 } = words;
    const { failed = `unable to pull secrets or registry auth: execution resource retrieval failed: ${what}` } = words;
    super(
      task.launchType === 'FARGATE'
        ? `ResourceInitializationError: ${failed}: service call has been retried ${attempts} time(s): ${why}`
        : agent,
    );
  }
}
