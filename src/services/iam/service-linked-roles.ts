import type * as sdk from '@aws-sdk/client-iam';
import type { Handlers } from '../../aws/handlers.ts';
import { nameKey, roles } from '../../store/tables/iam.ts';
import type { ServiceDeps } from '../deps.ts';
import { iamErrors } from './names.ts';
import { makeRole, roleOf, sdkRole } from './roles.ts';

/** The services that have one, and what it is called ("AWS services that work with IAM", IAM User Guide). */
const known: Readonly<Record<string, string>> = {
  'ecs.amazonaws.com': 'AWSServiceRoleForECS',
  'elasticloadbalancing.amazonaws.com': 'AWSServiceRoleForElasticLoadBalancing',
  'autoscaling.amazonaws.com': 'AWSServiceRoleForAutoScaling',
  'ecs.application-autoscaling.amazonaws.com': 'AWSServiceRoleForApplicationAutoScaling_ECSService',
  'replication.ecr.amazonaws.com': 'AWSServiceRoleForECRReplication',
};

/** Service-linked roles ("Create a service-linked role", IAM User Guide). Deleting one is done at once. */
export function serviceLinkedRoleHandlers(deps: ServiceDeps) {
  const { store, ids } = deps;
  return {
    CreateServiceLinkedRole: (input, { account }) => {
      const service = input.AWSServiceName ?? '';
      const name = known[service];
      if (name === undefined) {
        throw iamErrors.invalidInput(
          `Service name ${service} is not a service that Stowage has a service-linked role for.`,
        );
      }
      if (input.CustomSuffix !== undefined) throw iamErrors.invalidInput(`Custom suffix is not allowed for ${service}`);
      if (store.get(roles, nameKey(account, name)) !== undefined) {
        throw iamErrors.invalidInput(
          `Service role name ${name} has been taken in this account, please try a different suffix.`,
        );
      }
      const principal = {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
      };
      const role = makeRole(deps, account, {
        name,
        path: `/aws-service-role/${service}/`,
        trustPolicy: JSON.stringify(principal),
        maxSessionSeconds: 3600,
        tags: [],
        serviceLinkedFor: service,
        ...(input.Description === undefined ? {} : { description: input.Description }),
      });
      return { Role: sdkRole(role) };
    },
    DeleteServiceLinkedRole: (input, { account }) => {
      const role = roleOf(store, account, input.RoleName);
      if (role.serviceLinkedFor === undefined) {
        throw iamErrors.invalidInput(`Role ${role.name} is not a service-linked role: use DeleteRole.`);
      }
      store.transact((tx) => tx.delete(roles, nameKey(account, role.name)));
      return { DeletionTaskId: `task${role.path}${role.name}/${ids.uuid()}` };
    },
    GetServiceLinkedRoleDeletionStatus: (input) => {
      const [, service = '', name] =
        /^task\/aws-service-role\/([^/]+)\/([^/]+)\/[\da-f-]{36}$/.exec(input.DeletionTaskId ?? '') ?? [];
      if (name === undefined || known[service] !== name) {
        throw iamErrors.noSuchEntity(`The deletion task ${input.DeletionTaskId} cannot be found.`);
      }
      return { Status: 'SUCCEEDED' as const };
    },
  } satisfies Handlers<typeof sdk>;
}
