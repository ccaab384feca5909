/**
 * The session that a task acts in, for one of its roles, or an instance in its profile's. The session itself is a row of `sts.sessions`; a task's id stays the
 * same while sessions change, as its containers know no other.
 */
export interface TaskCredentials {
  /** The task's ARN, or the instance's id. */
  readonly taskArn: string;
  readonly kind: 'TaskApplication' | 'TaskExecution' | 'Instance';
  /** Of tasks: what stands in the containers' `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`; a secret of the task. */
  readonly credentialsId: string;
  readonly roleArn: string;
  /** Of its session. */
  readonly accessKeyId: string;
}
