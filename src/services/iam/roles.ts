import type * as sdk from '@aws-sdk/client-iam';
import { arn } from '../../base/arn.ts';
import { dateOf } from '../../base/clock.ts';
import type { Role } from '../../model/iam/identity.ts';
import type { Handlers } from '../../aws/handlers.ts';
import { uniqueId } from '../../model/iam/unique-id.ts';
import type { Reader, Transaction } from '../../store/store.ts';
import { instanceProfiles, nameKey, roles } from '../../store/tables/iam.ts';
import type { ServiceDeps } from '../deps.ts';
import { policyOf } from './find-policy.ts';
import { checkName, checkPath, checkPolicy, dropTags, encoded, iamErrors, mergeTags, page, sdkTags } from './names.ts';

/** A role, or NoSuchEntity. */
export function roleOf(reader: Reader, account: string, name: string | undefined): Role {
  const row = reader.get(roles, nameKey(account, checkName(name, 'roleName', 64)));
  if (row === undefined) throw iamErrors.noSuchEntity(`The role with name ${name} cannot be found.`);
  return row;
}

/** Changes a role, or NoSuchEntity. */
export function changeRole(
  tx: Transaction,
  account: string,
  name: string | undefined,
  change: (role: Role) => Role,
): Role {
  const role = roleOf(tx, account, name);
  const changed = change(role);
  tx.put(roles, changed);
  return changed;
}

/** A role as IAM answers it. Listings leave out tags, the boundary and the last use. */
export function sdkRole(role: Role, detail: 'full' | 'listed' = 'full') {
  return {
    Path: role.path,
    RoleName: role.name,
    RoleId: role.id,
    Arn: role.arn,
    CreateDate: dateOf(role.createdAt),
    AssumeRolePolicyDocument: encoded(role.trustPolicy),
    ...(role.description === undefined ? {} : { Description: role.description }),
    MaxSessionDuration: role.maxSessionSeconds,
    ...(detail === 'listed'
      ? {}
      : {
          ...(role.permissionsBoundary === undefined
            ? {}
            : {
                PermissionsBoundary: {
                  PermissionsBoundaryType: 'PermissionsBoundaryPolicy' as const,
                  PermissionsBoundaryArn: role.permissionsBoundary,
                },
              }),
          ...(role.tags.length === 0 ? {} : { Tags: sdkTags(role.tags) }),
          RoleLastUsed: role.lastUsedAt === undefined ? {} : { LastUsedDate: dateOf(role.lastUsedAt) },
        }),
  };
}

function checkSession(seconds: number | undefined): number {
  const value = seconds ?? 3600;
  if (value < 3600 || value > 43_200) {
    throw iamErrors.invalid(
      `1 validation error detected: Value '${value}' at 'maxSessionDuration' failed to satisfy constraint: Member must have value between 3600 and 43200`,
    );
  }
  return value;
}

/** Makes a role, or EntityAlreadyExists. */
export function makeRole(
  { store, ids, clock }: ServiceDeps,
  account: string,
  role: Pick<Role, 'name' | 'path' | 'trustPolicy' | 'maxSessionSeconds' | 'tags'> & Partial<Role>,
): Role {
  return store.transact((tx) => {
    if (tx.get(roles, nameKey(account, role.name)) !== undefined) {
      throw iamErrors.exists(`Role with name ${role.name} already exists.`);
    }
    const row: Role = {
      account,
      arn: arn('iam', '', account, `role${role.path}${role.name}`),
      id: uniqueId(ids, 'AROA'),
      createdAt: Math.floor(clock.now() / 1000) * 1000,
      attachedPolicies: [],
      inlinePolicies: {},
      ...role,
    };
    tx.put(roles, row);
    return row;
  });
}

/** The role operations ("IAM roles", IAM User Guide). */
export function roleHandlers(deps: ServiceDeps) {
  const { store } = deps;
  return {
    CreateRole: (input, { account }) => {
      const role = makeRole(deps, account, {
        name: checkName(input.RoleName, 'roleName', 64),
        path: checkPath(input.Path),
        trustPolicy: checkPolicy(input.AssumeRolePolicyDocument, 'trust'),
        maxSessionSeconds: checkSession(input.MaxSessionDuration),
        tags: mergeTags([], input.Tags),
        ...(input.Description === undefined ? {} : { description: input.Description }),
        ...(input.PermissionsBoundary === undefined
          ? {}
          : { permissionsBoundary: policyOf(store, account, input.PermissionsBoundary).arn }),
      });
      return { Role: sdkRole(role) };
    },
    GetRole: (input, { account }) => ({ Role: sdkRole(roleOf(store, account, input.RoleName)) }),
    ListRoles: (input, { account }) => {
      const all = store
        .by(roles, 'account', account)
        .filter((role) => role.path.startsWith(input.PathPrefix ?? '/'))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
      const { rows, ...rest } = page(all, input);
      return { Roles: rows.map((role) => sdkRole(role, 'listed')), ...rest };
    },
    UpdateRole: (input, { account }) => {
      store.transact((tx) =>
        changeRole(tx, account, input.RoleName, (role) => ({
          ...role,
          maxSessionSeconds: checkSession(input.MaxSessionDuration),
          ...(input.Description === undefined ? {} : { description: input.Description }),
        })),
      );
      return {};
    },
    UpdateRoleDescription: (input, { account }) => {
      const role = store.transact((tx) =>
        changeRole(tx, account, input.RoleName, (row) => ({ ...row, description: input.Description ?? '' })),
      );
      return { Role: sdkRole(role) };
    },
    UpdateAssumeRolePolicy: (input, { account }) => {
      const trustPolicy = checkPolicy(input.PolicyDocument, 'trust');
      store.transact((tx) => changeRole(tx, account, input.RoleName, (role) => ({ ...role, trustPolicy })));
      return {};
    },
    PutRolePermissionsBoundary: (input, { account }) => {
      const permissionsBoundary = policyOf(store, account, input.PermissionsBoundary).arn;
      store.transact((tx) => changeRole(tx, account, input.RoleName, (role) => ({ ...role, permissionsBoundary })));
      return {};
    },
    DeleteRolePermissionsBoundary: (input, { account }) => {
      store.transact((tx) =>
        changeRole(tx, account, input.RoleName, ({ permissionsBoundary: _gone, ...role }) => role),
      );
      return {};
    },
    DeleteRole: (input, { account }) => {
      store.transact((tx) => {
        const role = roleOf(tx, account, input.RoleName);
        if (role.serviceLinkedFor !== undefined) {
          throw iamErrors.unmodifiable(
            `Cannot perform the operation on the protected role '${role.name}' - this role is only modifiable by AWS`,
          );
        }
        if (role.attachedPolicies.length > 0)
          throw iamErrors.deleteConflict('Cannot delete entity, must detach all policies first.');
        if (Object.keys(role.inlinePolicies).length > 0)
          throw iamErrors.deleteConflict('Cannot delete entity, must delete policies first.');
        if (tx.by(instanceProfiles, 'role', nameKey(account, role.name)).length > 0) {
          throw iamErrors.deleteConflict('Cannot delete entity, must remove roles from instance profile first.');
        }
        tx.delete(roles, nameKey(account, role.name));
      });
      return {};
    },
    TagRole: (input, { account }) => {
      store.transact((tx) =>
        changeRole(tx, account, input.RoleName, (role) => ({ ...role, tags: mergeTags(role.tags, input.Tags) })),
      );
      return {};
    },
    UntagRole: (input, { account }) => {
      store.transact((tx) =>
        changeRole(tx, account, input.RoleName, (role) => ({ ...role, tags: dropTags(role.tags, input.TagKeys) })),
      );
      return {};
    },
    ListRoleTags: (input, { account }) => {
      const { rows, ...rest } = page(roleOf(store, account, input.RoleName).tags, input);
      return { Tags: sdkTags(rows), ...rest };
    },
    PutRolePolicy: (input, { account }) => {
      const name = checkName(input.PolicyName, 'policyName', 128);
      const document = checkPolicy(input.PolicyDocument, 'permissions');
      store.transact((tx) =>
        changeRole(tx, account, input.RoleName, (role) => ({
          ...role,
          inlinePolicies: { ...role.inlinePolicies, [name]: document },
        })),
      );
      return {};
    },
    GetRolePolicy: (input, { account }) => {
      const role = roleOf(store, account, input.RoleName);
      const name = checkName(input.PolicyName, 'policyName', 128);
      const document = role.inlinePolicies[name];
      if (document === undefined) throw iamErrors.noSuchEntity(`The role policy with name ${name} cannot be found.`);
      return { RoleName: role.name, PolicyName: name, PolicyDocument: encoded(document) };
    },
    DeleteRolePolicy: (input, { account }) => {
      const name = checkName(input.PolicyName, 'policyName', 128);
      store.transact((tx) =>
        changeRole(tx, account, input.RoleName, (role) => {
          const { [name]: document, ...others } = role.inlinePolicies;
          if (document === undefined)
            throw iamErrors.noSuchEntity(`The role policy with name ${name} cannot be found.`);
          return { ...role, inlinePolicies: others };
        }),
      );
      return {};
    },
    ListRolePolicies: (input, { account }) => {
      const { rows, ...rest } = page(Object.keys(roleOf(store, account, input.RoleName).inlinePolicies).sort(), input);
      return { PolicyNames: rows, ...rest };
    },
  } satisfies Handlers<typeof sdk>;
}
