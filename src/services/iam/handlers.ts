import type * as sdk from '@aws-sdk/client-iam';
import type { Handlers } from '../../aws/handlers.ts';
import type { ServiceDeps } from '../deps.ts';
import { instanceProfileHandlers } from './instance-profiles.ts';
import { policyHandlers } from './policies.ts';
import { roleHandlers } from './roles.ts';
import { serviceLinkedRoleHandlers } from './service-linked-roles.ts';

/** AWS Identity and Access Management: roles, policies and instance profiles are kept; enforcement is not here yet. */
export function iamHandlers(deps: ServiceDeps): Handlers<typeof sdk> {
  return {
    ...roleHandlers(deps),
    ...serviceLinkedRoleHandlers(deps),
    ...policyHandlers(deps),
    ...instanceProfileHandlers(deps),
  };
}
