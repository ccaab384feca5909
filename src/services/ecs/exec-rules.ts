import type { ExecuteCommandConfiguration, TaskOverride } from '@aws-sdk/client-ecs';
import type { TaskDefinition } from '../../model/ecs/task-definition.ts';
import { invalidParameter } from './errors.ts';

/** The agent of ECS Exec acts in the task's role: without one it could not connect. `refused` begins the sentence. */
export function needTaskRole(definition: TaskDefinition, overrides: TaskOverride, refused: string): void {
  if ((overrides.taskRoleArn ?? definition.document.taskRoleArn ?? '') !== '') return;
  throw invalidParameter(
    `${refused} because a valid taskRoleArn is not being used. Specify a valid task role in your task definition and try again.`,
  );
}

/** The rules of a cluster's `executeCommandConfiguration` ("ExecuteCommandConfiguration", ECS API Reference). */
export function checkExecConfiguration(configuration: ExecuteCommandConfiguration | undefined): void {
  if (configuration === undefined) return;
  const { logging, logConfiguration } = configuration;
  if (logging !== undefined && !['NONE', 'DEFAULT', 'OVERRIDE'].includes(logging)) {
    throw invalidParameter(`The value '${logging}' of logging is not valid. Use NONE, DEFAULT or OVERRIDE.`);
  }
  if (logging !== 'OVERRIDE' && logConfiguration !== undefined) {
    throw invalidParameter("You must set logging to 'OVERRIDE' when you supply a log configuration.");
  }
  if (logging === 'OVERRIDE') {
    const { cloudWatchLogGroupName, s3BucketName } = logConfiguration ?? {};
    if (cloudWatchLogGroupName === undefined && s3BucketName === undefined) {
      throw invalidParameter(
        'A CloudWatch log group name or S3 bucket name must be specified when overriding the default log configuration.',
      );
    }
    // "Bucket naming rules", Amazon S3 User Guide; whether there is one shows when a session is logged.
    if (s3BucketName !== undefined && !/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(s3BucketName)) {
      throw invalidParameter(`'${s3BucketName}' is not a valid name of a bucket.`);
    }
    if (cloudWatchLogGroupName !== undefined && !/^[\w./#-]{1,512}$/.test(cloudWatchLogGroupName)) {
      throw invalidParameter(`'${cloudWatchLogGroupName}' is not a valid name of a log group.`);
    }
  }
}
