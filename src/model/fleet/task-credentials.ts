/**
 * The session that a task acts in, for one of its roles. The session itself is a row of `sts.sessions`; a task's id stays the
 * same while sessions change, as its containers know no other.
 */
export interface TaskCredentials {
  readonly taskArn: string;
  readonly kind: 'TaskApplication' | 'TaskExecution';
  /** What stands in the containers' `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`; a secret of the task. */
  readonly credentialsId: string;
  readonly roleArn: string;
  /** Of its session. */
  readonly accessKeyId: string;
}
