import type { InstanceProfile, Policy, Role, Session } from '../../model/iam/identity.ts';
import { table } from '../table.ts';

/** The key of a role or an instance profile: names are unique in an account, whatever their path. */
export function nameKey(account: string, name: string): string {
  return `${account}/${name.toLowerCase()}`;
}

/** Roles, by account and name. */
export const roles = table<Role>()({
  name: 'iam.roles',
  key: (row) => nameKey(row.account, row.name),
  indexes: {
    account: (row) => row.account,
    policy: (row) => row.attachedPolicies.map((arn) => `${row.account} ${arn}`),
    boundary: (row) =>
      row.permissionsBoundary === undefined ? undefined : `${row.account} ${row.permissionsBoundary}`,
  },
});

/** Customer managed policies, by ARN. */
export const policies = table<Policy>()({
  name: 'iam.policies',
  key: (row) => row.arn,
  indexes: { account: (row) => row.account },
});

/** Instance profiles, by account and name. */
export const instanceProfiles = table<InstanceProfile>()({
  name: 'iam.instance-profiles',
  key: (row) => nameKey(row.account, row.name),
  indexes: {
    account: (row) => row.account,
    role: (row) => (row.roleName === undefined ? undefined : nameKey(row.account, row.roleName)),
  },
});

/** Sessions, by access key id; those that are over are removed by the session loop. */
export const sessions = table<Session>()({
  name: 'sts.sessions',
  key: (row) => row.accessKeyId,
  indexes: { account: (row) => row.account },
});
