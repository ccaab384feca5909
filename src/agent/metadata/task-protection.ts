import { isoOf } from '../../base/clock.ts';
import { given } from '../../base/given.ts';
import { AwsCallError, type AwsClient } from '../aws/client.ts';
import { ecs, ecsTarget } from '../aws/ecs.ts';
import { scopeOfTask } from '../tasks/names.ts';
import type { TaskView } from '../tasks/view.ts';
import { json, type Answer } from './answer.ts';

/** What a PUT may hold. */
interface ProtectionRequest {
  readonly ProtectionEnabled: boolean;
  readonly ExpiresInMinutes?: number;
}

/** What both operations answer. */
interface ProtectionOutput {
  readonly protectedTasks?: readonly {
    readonly taskArn?: string;
    readonly protectionEnabled?: boolean;
    /** Epoch seconds. */
    readonly expirationDate?: number;
  }[];
  readonly failures?: readonly { readonly arn?: string; readonly reason?: string; readonly detail?: string }[];
}

/**
 * `$ECS_AGENT_URI/task-protection/v1/state`: asks the API about the task, or tells it, in the name of the task's role
 * ("Amazon ECS task scale-in protection endpoint", ECS Developer Guide; `ecs-agent/tmds/handlers/taskprotection/v1`).
 */
export async function taskProtection(
  { aws }: { readonly aws: AwsClient },
  task: TaskView | undefined,
  method: 'GET' | 'PUT',
  body: string,
): Promise<Answer> {
  const asked = method === 'PUT' ? parse(body) : undefined;
  if (asked === 'unreadable') {
    return failed(400, 'InvalidParameterException', 'UpdateTaskProtection: failed to decode request');
  }
  if (task === undefined) return failed(404, 'ResourceNotFoundException', 'Failed to find a task for the request');
  const { arn, taskClusterArn, roleCredentials } = task.payload;
  if (asked !== undefined && asked.ProtectionEnabled === undefined) {
    const message = "Invalid request: does not contain 'ProtectionEnabled' field";
    return failed(400, 'InvalidParameterException', message, arn);
  }
  if (roleCredentials === undefined) {
    const message = 'Invalid Request: no task IAM role credentials available for task';
    return failed(403, 'AccessDeniedException', message, arn);
  }
  const input = {
    cluster: taskClusterArn,
    tasks: [arn],
    ...given('protectionEnabled', asked?.ProtectionEnabled),
    ...given('expiresInMinutes', asked?.ExpiresInMinutes),
  };
  const operation = method === 'PUT' ? 'UpdateTaskProtection' : 'GetTaskProtection';
  const call = { service: ecs, region: scopeOfTask(arn).region, target: `${ecsTarget}.${operation}` };
  try {
    const { protectedTasks = [], failures = [] } = await aws.json<ProtectionOutput>(call, input, roleCredentials);
    const [failure] = failures;
    if (failure !== undefined) {
      const { arn: Arn, detail, reason: Reason } = failure;
      return json(200, { failure: { Arn, Detail: detail ?? null, Reason } });
    }
    const [found] = protectedTasks;
    if (found === undefined) return failed(500, 'ServerException', 'Unexpected error occurred', arn);
    const { taskArn: TaskArn, protectionEnabled: ProtectionEnabled, expirationDate } = found;
    const ExpirationDate = expirationDate === undefined ? null : rfc3339(expirationDate);
    return json(200, { protection: { ExpirationDate, ProtectionEnabled, TaskArn } });
  } catch (error) {
    if (!(error instanceof AwsCallError)) throw error;
    const { code, detail, status, requestId } = error;
    // Nobody answered: the agent gives up after four seconds.
    if (code === undefined) return failed(504, 'RequestCanceled', 'Timed out calling ECS Task Protection API', arn);
    return failed(status, code, detail, arn, requestId);
  }
}

/** Members that are not known are refused, as by the agent; their names are matched as Go does, whatever their case. */
function parse(body: string): Partial<ProtectionRequest> | 'unreadable' {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return 'unreadable';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'unreadable';
  let enabled: boolean | undefined;
  let minutes: number | undefined;
  for (const [name, member] of Object.entries(value)) {
    if (name.toLowerCase() === 'protectionenabled' && typeof member === 'boolean') enabled = member;
    else if (name.toLowerCase() === 'expiresinminutes' && Number.isInteger(member)) minutes = member as number;
    else if (member !== null || !/^(protectionenabled|expiresinminutes)$/i.test(name)) return 'unreadable';
  }
  return { ...given('ProtectionEnabled', enabled), ...given('ExpiresInMinutes', minutes) };
}

function failed(status: number, Code: string, Message: string, Arn?: string, requestID?: string): Answer {
  return json(status, { ...given('requestID', requestID), error: { ...given('Arn', Arn), Code, Message } });
}

/** Go's form of a time: fractions only where there are any. */
function rfc3339(seconds: number): string {
  return isoOf(Math.round(seconds * 1000)).replace(/\.?0*Z$/, 'Z');
}
