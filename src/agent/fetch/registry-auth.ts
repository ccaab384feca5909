import { messageOf } from '../../base/errors.ts';
import type { RegistryAuth } from '../../drivers/docker/driver.ts';
import type { PayloadContainer, PayloadTask } from '../../wire/acs.ts';
import { AwsCallError, type AwsClient, type CallerCredentials } from '../aws/client.ts';
import { FetchError } from './fetched.ts';
import { getSecretString } from './secrets-manager.ts';

/**
 * Fetches with what a container's image is pulled: a secret that is `{"username": …, "password": …}` ("Using non-AWS container
 * images in Amazon ECS", ECS Developer Guide). `undefined` when its image is not from a private registry. Throws `FetchError`.
 */
export async function fetchRegistryAuth(
  task: PayloadTask,
  container: PayloadContainer,
  aws: AwsClient,
  credentials: CallerCredentials,
  signal: AbortSignal,
): Promise<RegistryAuth | undefined> {
  const authentication = container.registryAuthentication;
  if (authentication?.type !== 'asm') return undefined;
  const { credentialsParameter, region } = authentication.asmAuthData;
  const fail = (why: string, attempts = 1): FetchError =>
    new FetchError(task, { agent: why, what: 'unable to get registry auth from asm', why, attempts });
  let text: string | undefined;
  try {
    text = await getSecretString(aws, region, credentials, signal, { SecretId: credentialsParameter });
  } catch (error) {
    signal.throwIfAborted();
    throw fail(
      `asm fetching secret from the service for ${credentialsParameter}: ${messageOf(error)}`,
      error instanceof AwsCallError ? error.attempts : 1,
    );
  }
  const read = readCredentials(text ?? '');
  if (typeof read === 'string') throw fail(read);
  return { ...read, serverAddress: registryOf(container.image) };
}

/** The name and password in a secret, or the genuine agent's sentence on what is wrong with it. */
export function readCredentials(secret: string): { readonly username: string; readonly password: string } | string {
  if (secret === '') return 'asm fetching authorization data: empty secrets value';
  const schema = 'asm fetching authorization data: unable to unmarshal secret value, invalid schema';
  let parsed: unknown;
  try {
    parsed = JSON.parse(secret);
  } catch {
    return schema;
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return schema;
  const { username, password } = parsed as { username?: unknown; password?: unknown };
  for (const value of [username, password]) {
    if (value !== undefined && value !== null && typeof value !== 'string') return schema;
  }
  if (typeof username !== 'string' || username === '') {
    return 'asm fetching username: AuthorizationData is malformed, empty field';
  }
  if (typeof password !== 'string' || password === '') {
    return 'asm fetching password: AuthorizationData is malformed, empty field';
  }
  return { username, password };
}

/** The registry's host in an image's name; Docker Hub's when it has none. */
function registryOf(image: string): string {
  return /^(localhost|[^/]*[.:][^/]*)\//.exec(image)?.[1] ?? 'https://index.docker.io/v1/';
}
