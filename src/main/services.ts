import type { ServiceSource } from '../aws/services.ts';
import type { AcmDeps } from '../services/acm/deps.ts';
import type { CloudWatchDeps } from '../services/cloudwatch/deps.ts';
import type { EcrDeps } from '../services/ecr/deps.ts';
import type { KmsDeps } from '../services/kms/deps.ts';
import type { LogsDeps } from '../services/logs/deps.ts';
import type { S3Deps } from '../services/s3/deps.ts';
import type { SecretsDeps } from '../services/secretsmanager/deps.ts';
import type { SsmDeps } from '../services/ssm/deps.ts';
import { objectReader } from './get-object.ts';

/**
 * Every service that Stowage serves, each loaded when it is first asked for: starting, and the memory of one who never asks,
 * do not grow with their number. What has no handler here answers that it is not served.
 */
export function makeServices(
  deps: EcrDeps & LogsDeps & S3Deps & KmsDeps & SsmDeps & SecretsDeps & AcmDeps & CloudWatchDeps,
) {
  return {
    ecs: async () => (await import('../services/ecs/handlers.ts')).ecsHandlers(deps),
    ec2: async () => (await import('../services/ec2/handlers.ts')).ec2Handlers(deps),
    autoscaling: async () => (await import('../services/autoscaling/handlers.ts')).autoScalingHandlers(deps),
    ecr: async () => (await import('../services/ecr/handlers.ts')).ecrHandlers(deps),
    elb: async () => (await import('../services/elbv2/classic/handlers.ts')).classicHandlers(deps),
    elbv2: async () => (await import('../services/elbv2/handlers.ts')).elbv2Handlers(deps),
    iam: async () => (await import('../services/iam/handlers.ts')).iamHandlers(deps),
    logs: async () => (await import('../services/logs/handlers.ts')).logsHandlers(deps),
    s3: async () => (await import('../services/s3/handlers.ts')).s3Handlers(deps),
    sts: async () => (await import('../services/sts/handlers.ts')).stsHandlers(deps),
    kms: async () => (await import('../services/kms/handlers.ts')).kmsHandlers(deps),
    ssm: async () => (await import('../services/ssm/handlers.ts')).ssmHandlers(deps),
    cloudwatch: async () => (await import('../services/cloudwatch/handlers.ts')).cloudWatchHandlers(deps),
    codedeploy: async () =>
      (await import('../services/codedeploy/handlers.ts')).codeDeployHandlers({
        ...deps,
        readObject: objectReader(deps),
        readTaskSet: (await import('../services/ecs/task-set-spec.ts')).taskSetReader(deps),
      }),
    acm: async () => (await import('../services/acm/handlers.ts')).acmHandlers(deps),
    secretsmanager: async () => (await import('../services/secretsmanager/handlers.ts')).secretsManagerHandlers(deps),
  } satisfies ServiceSource;
}
