import { DriverError } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { DockerDriver, RegistryAuth } from '../../drivers/docker/driver.ts';
import type { PayloadContainer, PayloadTask } from '../../wire/acs.ts';

/** When an image is pulled though it is on the machine ("Amazon ECS container agent configuration", ECS Developer Guide). */
export type PullBehavior = 'default' | 'always' | 'once' | 'prefer-cached';

const behaviors: readonly string[] = ['default', 'always', 'once', 'prefer-cached'] satisfies PullBehavior[];

/** Reads the value of `ECS_IMAGE_PULL_BEHAVIOR`; one that is none of the four is told, as by the genuine agent, and means `default`. */
export function pullBehaviorOf(text: string | undefined, log: Log): PullBehavior {
  const name = text?.trim() ?? '';
  if (behaviors.includes(name)) return name as PullBehavior;
  if (name !== '') log.warn('ECS_IMAGE_PULL_BEHAVIOR is none of default, always, once, prefer-cached', { value: name });
  return 'default';
}

/** What is to be done to have an image: take the one that is here, pull it, or pull it and take the one here failing that. */
export type PullDecision = 'use' | 'pull' | 'pull-or-use';

/**
 * Whether to pull an image of which `cached` says how it is here: built or tagged on this machine, or pulled before.
 * Fargate pulls always; elsewhere the machine's behavior decides. An image whose name has no registry host and that
 * is here was made here, and the registry which its name would mean is not asked (decision 0005), except by `always`.
 */
export function planPull(
  image: string,
  cached: 'absent' | 'local' | 'pulled',
  launchType: PayloadTask['launchType'],
  behavior: PullBehavior,
): PullDecision {
  if (cached === 'absent') return 'pull';
  if (launchType === 'FARGATE') return hasRegistryHost(image) ? 'pull' : 'use';
  if (behavior === 'always') return 'pull';
  if (behavior === 'prefer-cached' || !hasRegistryHost(image)) return 'use';
  if (behavior === 'once') return cached === 'pulled' ? 'use' : 'pull';
  return 'pull-or-use';
}

/** How one image is to be obtained. */
export interface Obtaining {
  readonly signal: AbortSignal;
  /** The credentials, asked for when a pull begins; none for a registry that wants none. */
  readonly auth: () => Promise<RegistryAuth> | RegistryAuth | undefined;
  /** Called before a registry is asked. */
  readonly onPull: () => void;
}

/** The images of a machine, as its tasks ask for them. */
export interface Images {
  /**
   * Sees to it that a container's image is here and answers its digest, where one is known. Tasks that want the same of the
   * same registry at the same time share one pull, which is called off when the last of them gives up. Throws
   * `DriverError`s.
   */
  obtain(
    container: Pick<PayloadContainer, 'image' | 'registryAuthentication'>,
    launchType: PayloadTask['launchType'],
    how: Obtaining,
  ): Promise<string | undefined>;
}

/** The images of one engine; `behavior` is that of its machine. */
export function createImages(docker: DockerDriver, behavior: PullBehavior = 'default'): Images {
  /** The credentials of pulls under way: who joins takes the same, since the engine shares pulls that are alike in all. */
  const auths = new Map<string, { readonly auth: Promise<RegistryAuth | undefined>; users: number }>();

  const pull = async (
    { image, registryAuthentication }: Parameters<Images['obtain']>[0],
    { signal, auth }: Obtaining,
  ): Promise<void> => {
    const key = JSON.stringify([image, registryAuthentication]);
    const shared = auths.get(key) ?? { auth: Promise.resolve(auth()), users: 0 };
    auths.set(key, shared);
    shared.users++;
    try {
      const credentials = await shared.auth;
      await docker.pull(image, { signal, ...(credentials === undefined ? {} : { auth: credentials }) });
    } finally {
      if (--shared.users === 0) auths.delete(key);
    }
  };

  return {
    async obtain(container, launchType, how) {
      const { image } = container;
      const here = await find(docker, image);
      const decision = planPull(image, cachedAs(here, image), launchType, behavior);
      // To a Fargate task every image is pulled, if only from this machine itself.
      if (decision !== 'use' || launchType === 'FARGATE') how.onPull();
      if (here !== undefined && decision === 'use') return digestOf(here, image);
      try {
        await pull(container, how);
      } catch (error) {
        if (here !== undefined && decision === 'pull-or-use' && !how.signal.aborted) return digestOf(here, image);
        throw error;
      }
      return digestOf(await docker.image(image), image);
    },
  };
}

type Found = Awaited<ReturnType<DockerDriver['image']>>;

async function find(docker: DockerDriver, image: string): Promise<Found | undefined> {
  try {
    return await docker.image(image);
  } catch (error) {
    if (error instanceof DriverError && error.kind === 'gone') return undefined;
    throw error;
  }
}

/** An image has a digest of a repository once it came from there, or went there. */
function cachedAs(found: Found | undefined, image: string): 'absent' | 'local' | 'pulled' {
  if (found === undefined) return 'absent';
  return digestOf(found, image) === undefined ? 'local' : 'pulled';
}

/** The digest under which the image's own repository knows it; the engine leaves Docker Hub's name out. */
function digestOf({ repoDigests }: Found, image: string): string | undefined {
  const repository = repositoryOf(image)
    .replace(/^(index\.)?docker\.io\//, '')
    .replace(/^library\//, '');
  const digest = repoDigests.find((each) => each.startsWith(`${repository}@`));
  return digest?.slice(digest.indexOf('@') + 1);
}

/** Docker's own rule: the first part of a reference is a host when it has a dot or a port, or is localhost. */
function hasRegistryHost(image: string): boolean {
  return /^(?:localhost|[^/]*[.:][^/]*)\//.test(image);
}

/** An image reference without tag and digest. */
export function repositoryOf(image: string): string {
  return image.replace(/@.*$/, '').replace(/:[^:/]*$/, '');
}
