import type { TaskView } from '../tasks/view.ts';
import { json, type Answer } from './answer.ts';

/**
 * Credentials of the task role, in the shape that every SDK's container provider reads ("Task IAM role", ECS Developer
 * Guide). Who asks has to know the id, and be the task. Those of a task that was found on the engine are known once the
 * control plane has spoken of it.
 */
export function credentials(version: 1 | 2, own: readonly TaskView[], id: string): Answer {
  const refuse = (status: number, code: string, text: string): Answer =>
    json(status, { code, message: `CredentialsV${version}Request: ${text}`, HTTPErrorCode: status });
  if (id === '') return refuse(400, 'NoIdInRequest', 'No Credential ID in the request');
  const found = own.map(({ payload }) => payload.roleCredentials).find((each) => each?.credentialsId === id);
  if (found === undefined) {
    return own.some(({ fromLabel }) => fromLabel === true)
      ? refuse(503, 'CredentialsUninitialized', 'Credentials uninitialized for ID')
      : refuse(400, 'InvalidIdInRequest', 'Credentials not found');
  }
  return json(200, {
    RoleArn: found.roleArn,
    AccessKeyId: found.accessKeyId,
    SecretAccessKey: found.secretAccessKey,
    Token: found.sessionToken,
    Expiration: found.expiration,
  });
}
