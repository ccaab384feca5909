import type { Services } from '../aws/services.ts';
import type { EcrDeps } from '../services/ecr/deps.ts';
import { ec2Handlers } from '../services/ec2/handlers.ts';
import { ecrHandlers } from '../services/ecr/handlers.ts';
import { ecsHandlers } from '../services/ecs/handlers.ts';
import { elbv2Handlers } from '../services/elbv2/handlers.ts';
import { iamHandlers } from '../services/iam/handlers.ts';
import { kmsHandlers } from '../services/kms/handlers.ts';
import type { LogsDeps } from '../services/logs/deps.ts';
import { logsHandlers } from '../services/logs/handlers.ts';
import { secretsManagerHandlers } from '../services/secretsmanager/handlers.ts';
import { ssmHandlers } from '../services/ssm/handlers.ts';
import { stsHandlers } from '../services/sts/handlers.ts';

/** Every service that Stowage serves. What has no handler here answers that it is not served. */
export function makeServices(deps: EcrDeps & LogsDeps): Services {
  return {
    ecs: ecsHandlers(deps),
    ec2: ec2Handlers(deps),
    ecr: ecrHandlers(deps),
    elbv2: elbv2Handlers(deps),
    iam: iamHandlers(deps),
    logs: logsHandlers(deps),
    sts: stsHandlers(deps),
    kms: kmsHandlers(deps),
    ssm: ssmHandlers(deps),
    secretsmanager: secretsManagerHandlers(deps),
  };
}
