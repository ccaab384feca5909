import { apiPort, metadataAddress } from '../../drivers/network/driver.ts';
import type { PayloadContainer, PayloadTask } from '../../wire/acs.ts';
import { metadataId, scopeOfTask } from './names.ts';

/** What a container finds unless its definition says otherwise: with these SDKs need no configuration. */
export function defaultEnvironment(task: PayloadTask): Record<string, string> {
  const { region } = scopeOfTask(task.arn);
  return {
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    ...(reachesAgent(task) ? { AWS_ENDPOINT_URL: `http://${metadataAddress}:${apiPort}` } : {}),
  };
}

/** Only a task with a network reaches the endpoints. */
function reachesAgent(task: PayloadTask): boolean {
  return task.networkMode !== 'none';
}

/** What the agent tells every container of itself ("Task metadata endpoint version 4", ECS Developer Guide). */
export function agentEnvironment(
  installationId: string,
  task: PayloadTask,
  container: PayloadContainer,
): Record<string, string> {
  const id = metadataId(installationId, task, container.name);
  const credentials = task.roleCredentials?.credentialsId;
  return {
    AWS_EXECUTION_ENV: task.launchType === 'FARGATE' ? 'AWS_ECS_FARGATE' : 'AWS_ECS_EC2',
    ...(reachesAgent(task)
      ? {
          ECS_CONTAINER_METADATA_URI: `http://${metadataAddress}/v3/${id}`,
          ECS_CONTAINER_METADATA_URI_V4: `http://${metadataAddress}/v4/${id}`,
          ECS_AGENT_URI: `http://${metadataAddress}/api/${id}`,
          ...(credentials === undefined
            ? {}
            : { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: `/v2/credentials/${credentials}` }),
        }
      : {}),
  };
}
