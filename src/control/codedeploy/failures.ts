import type { CodeDeployment } from '../../model/codedeploy/deployment.ts';

/** Why deployments fail, in the words of "Troubleshoot Amazon ECS deployment issues" (CodeDeploy User Guide) as far as it has them. */
export const failures = {
  noRevision: { code: 'REVISION_MISSING', message: 'The revision of the deployment could not be read.' },
  noService: ({ serviceName, clusterName }: CodeDeployment) => ({
    code: 'ECS_UPDATE_ERROR',
    message: `The ECS service ${serviceName} in the cluster ${clusterName} does not exist or is not ACTIVE.`,
  }),
  noPrimary: ({ serviceName, clusterName }: CodeDeployment) => ({
    code: 'ECS_UPDATE_ERROR',
    message: `The ECS service ${serviceName} in the cluster ${clusterName} has no primary task set.`,
  }),
  noReplacement: {
    code: 'ECS_UPDATE_ERROR',
    message: 'The deployment failed because the replacement task set is no longer there.',
  },
  alarmed: (names: readonly string[]) => ({
    code: 'ALARM_ACTIVE',
    message: `One or more alarms have been activated according to the Amazon CloudWatch metrics you specified, and the affected deployments have been stopped. Activated alarms: <${names.join(', ')}>`,
  }),
  unwatched: (names: readonly string[]) => ({
    code: 'ALARM_ACTIVE',
    message: `The state of one or more alarms could not be retrieved from Amazon CloudWatch, and the affected deployments have been stopped. Alarms: <${names.join(', ')}>`,
  }),
  notBehind: {
    code: 'ELASTIC_LOAD_BALANCING_INVALID',
    message:
      'The ELB could not be updated due to the following error: Primary taskset target group must be behind listener',
  },
  notHealthy: {
    code: 'TIMEOUT',
    message:
      'The deployment timed out while waiting for the replacement task set to become healthy. This time out period is 60 minutes.',
  },
  notContinued: (minutes: number) => ({
    code: 'TIMEOUT',
    message: `The deployment timed out while waiting for a notification to continue. This time out period is ${minutes} minutes.`,
  }),
  hookFailed: {
    code: 'HOOK_EXECUTION_FAILURE',
    message: 'The deployment failed because one or more of the lifecycle event validation functions failed.',
  },
  hookSilent: {
    code: 'TIMEOUT',
    message:
      'The deployment timed out while waiting for a status callback. CodeDeploy expects a status callback within one hour after a deployment hook is invoked.',
  },
} as const;
