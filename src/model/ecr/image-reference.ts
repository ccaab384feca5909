import { isEcrImage } from '../ecs/images.ts';
import type { Scoped } from '../tags.ts';

/** An image that lies in our own ECR. */
export interface EcrImage extends Scoped {
  readonly repository: string;
  /** `:tag`, `@sha256:…`, both, or nothing. */
  readonly suffix: string;
  /** What to give to the engine, which finds our registry at `registryHost`. Needs a password for account and region. */
  readonly pull: string;
}

const canonicalHost = /^(\d{12})\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/;

/** The account and region of `ACCT.dkr.ecr.REGION.amazonaws.com`. */
export function scopeOfHost(host: string): Scoped | undefined {
  const [, account, region] = canonicalHost.exec(host) ?? [];
  return account === undefined || region === undefined ? undefined : { account, region };
}

/** `ACCT.dkr.ecr.REGION.amazonaws.com`. */
export function hostOfScope({ account, region }: Scoped): string {
  return `${account}.dkr.ecr.${region}.amazonaws.com`;
}

/**
 * Finds the image of our own ECR that a reference means: under the registry's address, which is the registry of
 * `scope` (the task's account and region); or under the canonical name, which says itself whose it is. `undefined`
 * for an image that lies anywhere else.
 *
 * Under the registry's address, a canonical name may stand in front of the repository:
 * `127.0.0.1:4566/ACCT.dkr.ecr.REGION.amazonaws.com/name`. That is how the engine pulls canonical names: images of the
 * same name in two regions then never get each other's local name.
 */
export function ecrImage(image: string, registryHost: string, scope: Scoped): EcrImage | undefined {
  if (!isEcrImage(image, registryHost)) return undefined;
  const slash = image.indexOf('/');
  const path = image.slice(slash + 1);
  const named = scopeOfHost(image.slice(0, slash));
  const inner = named === undefined ? splitScope(path) : { scope: named, name: path };
  const { account, region } = inner.scope ?? scope;
  const [, repository = inner.name, suffix = ''] = /^([^@:]+)(.*)$/s.exec(inner.name) ?? [];
  const host = inner.scope === undefined ? '' : `${hostOfScope(inner.scope)}/`;
  return { account, region, repository, suffix, pull: `${registryHost}/${host}${inner.name}` };
}

/** Splits a repository's path into the registry that it names in front, if it does, and its name there. */
export function splitScope(path: string): { scope: Scoped | undefined; name: string } {
  const slash = path.indexOf('/');
  const scope = slash < 0 ? undefined : scopeOfHost(path.slice(0, slash));
  return scope === undefined ? { scope, name: path } : { scope, name: path.slice(slash + 1) };
}
