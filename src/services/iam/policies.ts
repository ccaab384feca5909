import type * as sdk from '@aws-sdk/client-iam';
import { arn } from '../../base/arn.ts';
import { dateOf } from '../../base/clock.ts';
import type { Handlers } from '../../aws/handlers.ts';
import type { Policy } from '../../model/iam/identity.ts';
import type { Transaction } from '../../store/store.ts';
import { policies, roles } from '../../store/tables/iam.ts';
import { uniqueId } from '../../model/iam/unique-id.ts';
import type { ServiceDeps } from '../deps.ts';
import { policyOf } from './find-policy.ts';
import { awsManagedPolicies } from './managed-policies.ts';
import { checkName, checkPath, checkPolicy, dropTags, encoded, iamErrors, mergeTags, page, sdkTags } from './names.ts';
import { changeRole, roleOf } from './roles.ts';

/** A customer's policy, for changing it. */
function customerPolicy(tx: Transaction, account: string, policyArn: string | undefined): Policy {
  const row = policyOf(tx, account, policyArn);
  if (row.account === 'aws')
    throw iamErrors.invalidInput(`ARN ${policyArn} is an AWS managed policy and can't be changed.`);
  return row;
}

/** The managed policy operations ("Managed policies and inline policies", IAM User Guide). */
export function policyHandlers({ store, ids, clock }: ServiceDeps) {
  const attachments = (account: string, policyArn: string) => store.by(roles, 'policy', `${account} ${policyArn}`);
  const bounded = (account: string, policyArn: string) => store.by(roles, 'boundary', `${account} ${policyArn}`);
  /** Whether a policy is used as a filter asks: as a permissions policy, or as a permissions boundary. */
  const usedAs = (account: string, policyArn: string, usage: sdk.PolicyUsageType | undefined): boolean =>
    usage === undefined ||
    (usage === 'PermissionsBoundary' ? bounded(account, policyArn) : attachments(account, policyArn)).length > 0;
  const sdkPolicy = (policy: Policy, account: string, listed = false) => ({
    PolicyName: policy.name,
    PolicyId: policy.id,
    Arn: policy.arn,
    Path: policy.path,
    DefaultVersionId: policy.defaultVersion,
    AttachmentCount: attachments(account, policy.arn).length,
    PermissionsBoundaryUsageCount: bounded(account, policy.arn).length,
    IsAttachable: true,
    ...(policy.description === undefined || listed ? {} : { Description: policy.description }),
    CreateDate: dateOf(policy.createdAt),
    UpdateDate: dateOf(policy.versions.at(-1)?.createdAt ?? policy.createdAt),
    ...(listed ? {} : { Tags: sdkTags(policy.tags) }),
  });
  const sdkVersion = (policy: Policy, version: Policy['versions'][number], withDocument: boolean) => ({
    VersionId: version.id,
    IsDefaultVersion: version.id === policy.defaultVersion,
    CreateDate: dateOf(version.createdAt),
    ...(withDocument ? { Document: encoded(version.document) } : {}),
  });
  const versionOf = (policy: Policy, id: string | undefined): Policy['versions'][number] => {
    const version = policy.versions.find((each) => each.id === id);
    if (version === undefined)
      throw iamErrors.noSuchEntity(`Policy ${policy.arn} version ${id} does not exist or is not attachable.`);
    return version;
  };

  return {
    CreatePolicy: (input, { account }) => {
      const name = checkName(input.PolicyName, 'policyName', 128);
      const path = checkPath(input.Path);
      const now = clock.now();
      const policy: Policy = {
        account,
        arn: arn('iam', '', account, `policy${path}${name}`),
        id: uniqueId(ids, 'ANPA'),
        name,
        path,
        createdAt: now,
        tags: mergeTags([], input.Tags),
        ...(input.Description === undefined ? {} : { description: input.Description }),
        versions: [{ id: 'v1', document: checkPolicy(input.PolicyDocument, 'permissions'), createdAt: now }],
        defaultVersion: 'v1',
        nextVersion: 2,
      };
      store.transact((tx) => {
        if (tx.by(policies, 'account', account).some((other) => other.name.toLowerCase() === name.toLowerCase())) {
          throw iamErrors.exists(`A policy called ${name} already exists. Duplicate names are not allowed.`);
        }
        tx.put(policies, policy);
      });
      return { Policy: sdkPolicy(policy, account) };
    },
    GetPolicy: (input, { account }) => ({ Policy: sdkPolicy(policyOf(store, account, input.PolicyArn), account) }),
    ListPolicies: (input, { account }) => {
      const own = input.Scope === 'AWS' ? [] : store.by(policies, 'account', account);
      const aws =
        input.Scope === 'Local' ? [] : [...awsManagedPolicies.keys()].map((key) => policyOf(store, account, key));
      const all = [...own, ...aws]
        .filter((policy) => policy.path.startsWith(input.PathPrefix ?? '/'))
        .filter((policy) => usedAs(account, policy.arn, input.PolicyUsageFilter))
        .filter((policy) => input.OnlyAttached !== true || attachments(account, policy.arn).length > 0);
      const { rows, ...rest } = page(all, input);
      return { Policies: rows.map((policy) => sdkPolicy(policy, account, true)), ...rest };
    },
    DeletePolicy: (input, { account }) => {
      store.transact((tx) => {
        const policy = customerPolicy(tx, account, input.PolicyArn);
        if (attachments(account, policy.arn).length + bounded(account, policy.arn).length > 0)
          throw iamErrors.deleteConflict('Cannot delete a policy attached to entities.');
        if (policy.versions.length > 1)
          throw iamErrors.deleteConflict(
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
          );
        tx.delete(policies, policy.arn);
      });
      return {};
    },
    CreatePolicyVersion: (input, { account }) => {
      const document = checkPolicy(input.PolicyDocument, 'permissions');
      return store.transact((tx) => {
        const policy = customerPolicy(tx, account, input.PolicyArn);
        if (policy.versions.length >= 5) {
          throw iamErrors.limit(
            'A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.',
          );
        }
        const version = { id: `v${policy.nextVersion}`, document, createdAt: clock.now() };
        const changed: Policy = {
          ...policy,
          versions: [...policy.versions, version],
          nextVersion: policy.nextVersion + 1,
          defaultVersion: input.SetAsDefault === true ? version.id : policy.defaultVersion,
        };
        tx.put(policies, changed);
        return { PolicyVersion: sdkVersion(changed, version, false) };
      });
    },
    GetPolicyVersion: (input, { account }) => {
      const policy = policyOf(store, account, input.PolicyArn);
      return { PolicyVersion: sdkVersion(policy, versionOf(policy, input.VersionId), true) };
    },
    ListPolicyVersions: (input, { account }) => {
      const policy = policyOf(store, account, input.PolicyArn);
      const { rows, ...rest } = page(policy.versions.toReversed(), input);
      return { Versions: rows.map((version) => sdkVersion(policy, version, false)), ...rest };
    },
    DeletePolicyVersion: (input, { account }) => {
      store.transact((tx) => {
        const policy = customerPolicy(tx, account, input.PolicyArn);
        const version = versionOf(policy, input.VersionId);
        if (version.id === policy.defaultVersion)
          throw iamErrors.deleteConflict('Cannot delete the default version of a policy.');
        tx.put(policies, { ...policy, versions: policy.versions.filter((other) => other !== version) });
      });
      return {};
    },
    SetDefaultPolicyVersion: (input, { account }) => {
      store.transact((tx) => {
        const policy = customerPolicy(tx, account, input.PolicyArn);
        tx.put(policies, { ...policy, defaultVersion: versionOf(policy, input.VersionId).id });
      });
      return {};
    },
    TagPolicy: (input, { account }) => {
      store.transact((tx) => {
        const policy = customerPolicy(tx, account, input.PolicyArn);
        tx.put(policies, { ...policy, tags: mergeTags(policy.tags, input.Tags) });
      });
      return {};
    },
    UntagPolicy: (input, { account }) => {
      store.transact((tx) => {
        const policy = customerPolicy(tx, account, input.PolicyArn);
        tx.put(policies, { ...policy, tags: dropTags(policy.tags, input.TagKeys) });
      });
      return {};
    },
    ListPolicyTags: (input, { account }) => {
      const { rows, ...rest } = page(policyOf(store, account, input.PolicyArn).tags, input);
      return { Tags: sdkTags(rows), ...rest };
    },
    AttachRolePolicy: (input, { account }) => {
      store.transact((tx) => {
        const policy = policyOf(tx, account, input.PolicyArn);
        changeRole(tx, account, input.RoleName, (role) => {
          if (role.attachedPolicies.includes(policy.arn)) return role;
          if (role.attachedPolicies.length >= 20) throw iamErrors.limit('Cannot exceed quota for PoliciesPerRole: 20');
          return { ...role, attachedPolicies: [...role.attachedPolicies, policy.arn] };
        });
      });
      return {};
    },
    DetachRolePolicy: (input, { account }) => {
      store.transact((tx) =>
        changeRole(tx, account, input.RoleName, (role) => {
          if (!role.attachedPolicies.includes(input.PolicyArn ?? '')) {
            throw iamErrors.noSuchEntity(`Policy ${input.PolicyArn} was not found.`);
          }
          return {
            ...role,
            attachedPolicies: role.attachedPolicies.filter((attached) => attached !== input.PolicyArn),
          };
        }),
      );
      return {};
    },
    ListAttachedRolePolicies: (input, { account }) => {
      const all = roleOf(store, account, input.RoleName)
        .attachedPolicies.map((attached) => policyOf(store, account, attached))
        .filter((policy) => policy.path.startsWith(input.PathPrefix ?? '/'));
      const { rows, ...rest } = page(all, input);
      return { AttachedPolicies: rows.map((policy) => ({ PolicyName: policy.name, PolicyArn: policy.arn })), ...rest };
    },
    ListEntitiesForPolicy: (input, { account }) => {
      const policy = policyOf(store, account, input.PolicyArn);
      const wanted = input.EntityFilter === undefined || input.EntityFilter === 'Role';
      const usage = input.PolicyUsageFilter;
      const using = new Set([
        ...(usage === 'PermissionsBoundary' ? [] : attachments(account, policy.arn)),
        ...(usage === 'PermissionsPolicy' ? [] : bounded(account, policy.arn)),
      ]);
      const under = [...using].filter((role) => role.path.startsWith(input.PathPrefix ?? '/'));
      const { rows, ...rest } = page(wanted ? under : [], input);
      return {
        PolicyGroups: [],
        PolicyUsers: [],
        PolicyRoles: rows.map((role) => ({ RoleName: role.name, RoleId: role.id })),
        ...rest,
      };
    },
  } satisfies Handlers<typeof sdk>;
}
