import type { ContainerDefinition, EnvironmentFile, Secret } from '@aws-sdk/client-ecs';
import { parseArn } from '../../base/arn.ts';
import { clientException, invalidSetting } from './errors.ts';

/** Whether a `valueFrom` is of Secrets Manager; all others are of Parameter Store ("Secret", ECS API Reference). */
export function isSecretArn(valueFrom: string): boolean {
  return parseArn(valueFrom)?.service === 'secretsmanager';
}

/** What a container definition may say of secrets and of a private registry. Throws `ClientException`. */
export function checkSecrets(container: ContainerDefinition, executionRoleArn: string | undefined): void {
  const { name: containerName, secrets = [], logConfiguration, repositoryCredentials } = container;
  const secretOptions = logConfiguration?.secretOptions ?? [];
  const role = (what: string): void => {
    if (executionRoleArn) return;
    throw clientException(`When you are specifying ${what}, you must also specify a value for 'executionRoleArn'.`);
  };
  if (secrets.length > 0) role('container secrets');
  if ((container.environmentFiles?.length ?? 0) > 0) role('environment files');
  checkEnvironmentFiles(container.environmentFiles, containerName);
  if (secretOptions.length > 0) role('log configuration secret options');
  checkEach(secrets, 'secrets', containerName);
  checkEach(secretOptions, 'secretOptions', containerName);
  const variables = new Set((container.environment ?? []).map(({ name }) => name));
  for (const { name } of secrets) {
    if (variables.has(name)) {
      throw clientException(
        `The secret name must be unique and not shared with any new or existing environment variables set on the container, such as '${name}'.`,
      );
    }
    variables.add(name);
  }
  const [option] = secretOptions;
  if (logConfiguration?.logDriver === 'awslogs' && option !== undefined) {
    throw clientException(`Log driver awslogs disallows options: ${secretOptions.map(({ name }) => name).join(', ')}`);
  }
  if (repositoryCredentials === undefined) return;
  const parameter = repositoryCredentials.credentialsParameter ?? '';
  if (parameter === '')
    throw clientException('RepositoryCredentials.credentialsParameter should not be null or empty.');
  if (parameter.startsWith('arn:') && !isSecretArn(parameter)) {
    throw clientException(`Invalid 'repositoryCredentials' setting for container '${containerName}'.`);
  }
  role('repository credentials');
}

/** "Pass environment variables to an Amazon ECS container": of a task definition's container, or of an override. */
const mostEnvironmentFiles = 10;

/** What a container may say of environment files. Throws `ClientException`. */
export function checkEnvironmentFiles(files: readonly EnvironmentFile[] = [], container: string | undefined): void {
  if (files.length > mostEnvironmentFiles) {
    throw invalidSetting('environmentFiles', container, `There may be at most ${mostEnvironmentFiles} files.`);
  }
  for (const { type, value = '' } of files) {
    if (type !== 's3') throw invalidSetting('environmentFiles', container, `The type of a file must be 's3'.`);
    if (!/^arn:aws[a-z-]*:s3:::[^/]+\/.+\.env$/.test(value)) {
      throw invalidSetting(
        'environmentFiles',
        container,
        `'${value}' is not the ARN of an Amazon S3 object whose name ends with .env.`,
      );
    }
  }
}

function checkEach(secrets: readonly Secret[], member: string, container: string | undefined): void {
  for (const { name, valueFrom } of secrets) {
    if (!name) throw clientException(`Invalid '${member}' setting for container '${container}'. A secret has no name.`);
    if (!valueFrom) {
      throw clientException(
        `Invalid '${member}' setting for container '${container}'. The secret '${name}' has no valueFrom.`,
      );
    }
    const service = parseArn(valueFrom)?.service;
    if (valueFrom.startsWith('arn:') && service !== 'ssm' && service !== 'secretsmanager') {
      throw clientException(
        `Invalid '${member}' setting for container '${container}'. The ARN of '${name}' is neither of a parameter of Systems Manager nor of a secret of Secrets Manager.`,
      );
    }
  }
}
