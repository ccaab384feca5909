import { given } from '../../base/given.ts';
import type { PayloadSecret, PayloadTask } from '../../wire/acs.ts';
import type { AwsClient } from '../aws/client.ts';
import { scopeOfTask } from '../tasks/names.ts';
import { fetchEnvironmentFiles } from './environment-files.ts';
import type { Fetched, FetchedForContainer } from './fetched.ts';
import { FetchError } from './fetched.ts';
import { fetchParameters } from './parameters.ts';
import { fetchRouterFile, routerFileArn } from './router-file.ts';
import { fetchRegistryAuth } from './registry-auth.ts';
import { fetchSecrets } from './secrets-manager.ts';

/**
 * Fetches, with the credentials of the task's execution role, everything that its containers are made with and its payload only
 * names. Throws `FetchError` with a reason for the task to stop, or the signal's reason.
 */
export async function fetchFor(task: PayloadTask, aws: AwsClient, signal: AbortSignal): Promise<Fetched> {
  const credentials = task.executionRoleCredentials;
  if (credentials === undefined) {
    const why = 'unable to find execution role credentials';
    throw new FetchError(task, { agent: `secret resource: ${why}`, what: 'unable to retrieve secrets', why });
  }
  const auths = await Promise.all(
    task.containers.map((container) => fetchRegistryAuth(task, container, aws, credentials, signal)),
  );
  const { region } = scopeOfTask(task.arn);
  const files = await Promise.all(
    task.containers.map(async (container) =>
      container.environmentFiles === undefined
        ? undefined
        : fetchEnvironmentFiles(task, container.environmentFiles, region, aws, credentials, signal),
    ),
  );
  const routerFiles = await Promise.all(
    task.containers.map(async (container) => {
      const arn = routerFileArn(container);
      return arn === undefined ? undefined : fetchRouterFile(task, arn, region, aws, credentials, signal);
    }),
  );
  const secrets = task.containers.flatMap((container) => container.secrets ?? []);
  const of = (provider: PayloadSecret['provider']): PayloadSecret[] =>
    secrets.filter((secret) => secret.provider === provider);
  const values = new Map(
    (
      await Promise.all([
        fetchParameters(task, of('ssm'), aws, credentials, signal),
        fetchSecrets(task, of('asm'), aws, credentials, signal),
      ])
    ).flat(),
  );
  const valuesFor = (wanted: readonly PayloadSecret[], target: PayloadSecret['target']): Record<string, string> =>
    Object.fromEntries(
      wanted
        .filter((secret) => secret.target === target)
        .map(({ name, region, valueFrom }) => [name, values.get(`${region} ${valueFrom}`) ?? '']),
    );
  return Object.fromEntries(
    task.containers.map((container, index): [string, FetchedForContainer] => {
      const { name, secrets: wanted = [] } = container;
      const registryAuth = auths[index];
      return [
        name,
        {
          ...given('fileEnvironment', files[index]),
          ...given('routerFile', routerFiles[index]),
          environment: valuesFor(wanted, 'CONTAINER'),
          logOptions: valuesFor(wanted, 'LOG_DRIVER'),
          ...(registryAuth === undefined ? {} : { registryAuth }),
        },
      ];
    }),
  );
}
