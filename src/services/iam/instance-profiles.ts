import type * as sdk from '@aws-sdk/client-iam';
import { arn } from '../../base/arn.ts';
import { dateOf } from '../../base/clock.ts';
import type { Handlers } from '../../aws/handlers.ts';
import type { InstanceProfile } from '../../model/iam/identity.ts';
import { uniqueId } from '../../model/iam/unique-id.ts';
import type { Reader } from '../../store/store.ts';
import { instanceProfiles, nameKey, roles } from '../../store/tables/iam.ts';
import type { ServiceDeps } from '../deps.ts';
import { checkName, checkPath, dropTags, iamErrors, mergeTags, page, sdkTags } from './names.ts';
import { roleOf, sdkRole } from './roles.ts';

function profileOf(reader: Reader, account: string, name: string | undefined): InstanceProfile {
  const row = reader.get(instanceProfiles, nameKey(account, checkName(name, 'instanceProfileName', 128)));
  if (row === undefined) throw iamErrors.noSuchEntity(`Instance Profile ${name} cannot be found.`);
  return row;
}

/** The instance profile operations ("Use instance profiles", IAM User Guide). */
export function instanceProfileHandlers({ store, ids, clock }: ServiceDeps) {
  const sdkProfile = (profile: InstanceProfile) => {
    const role =
      profile.roleName === undefined ? undefined : store.get(roles, nameKey(profile.account, profile.roleName));
    return {
      Path: profile.path,
      InstanceProfileName: profile.name,
      InstanceProfileId: profile.id,
      Arn: profile.arn,
      CreateDate: dateOf(profile.createdAt),
      Roles: role === undefined ? [] : [sdkRole(role, 'listed')],
      Tags: sdkTags(profile.tags),
    };
  };

  return {
    CreateInstanceProfile: (input, { account }) => {
      const name = checkName(input.InstanceProfileName, 'instanceProfileName', 128);
      const path = checkPath(input.Path);
      const profile: InstanceProfile = {
        account,
        arn: arn('iam', '', account, `instance-profile${path}${name}`),
        id: uniqueId(ids, 'AIPA'),
        name,
        path,
        createdAt: clock.now(),
        tags: mergeTags([], input.Tags),
      };
      store.transact((tx) => {
        if (tx.get(instanceProfiles, nameKey(account, name)) !== undefined) {
          throw iamErrors.exists(`Instance Profile ${name} already exists.`);
        }
        tx.put(instanceProfiles, profile);
      });
      return { InstanceProfile: sdkProfile(profile) };
    },
    GetInstanceProfile: (input, { account }) => ({
      InstanceProfile: sdkProfile(profileOf(store, account, input.InstanceProfileName)),
    }),
    ListInstanceProfiles: (input, { account }) => {
      const all = store
        .by(instanceProfiles, 'account', account)
        .filter((profile) => profile.path.startsWith(input.PathPrefix ?? '/'));
      const { rows, ...rest } = page(all, input);
      return { InstanceProfiles: rows.map((profile) => sdkProfile(profile)), ...rest };
    },
    ListInstanceProfilesForRole: (input, { account }) => {
      const role = roleOf(store, account, input.RoleName);
      const { rows, ...rest } = page(store.by(instanceProfiles, 'role', nameKey(account, role.name)), input);
      return { InstanceProfiles: rows.map((profile) => sdkProfile(profile)), ...rest };
    },
    DeleteInstanceProfile: (input, { account }) => {
      store.transact((tx) => {
        const profile = profileOf(tx, account, input.InstanceProfileName);
        if (profile.roleName !== undefined) {
          throw iamErrors.deleteConflict('Cannot delete entity, must remove roles from instance profile first.');
        }
        tx.delete(instanceProfiles, nameKey(account, profile.name));
      });
      return {};
    },
    AddRoleToInstanceProfile: (input, { account }) => {
      store.transact((tx) => {
        const profile = profileOf(tx, account, input.InstanceProfileName);
        const role = roleOf(tx, account, input.RoleName);
        if (profile.roleName !== undefined)
          throw iamErrors.limit('Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1');
        tx.put(instanceProfiles, { ...profile, roleName: role.name });
      });
      return {};
    },
    RemoveRoleFromInstanceProfile: (input, { account }) => {
      store.transact((tx) => {
        const { roleName, ...profile } = profileOf(tx, account, input.InstanceProfileName);
        const role = roleOf(tx, account, input.RoleName);
        if (roleName !== role.name) {
          throw iamErrors.noSuchEntity(`Role ${role.name} in instance profile ${profile.name} cannot be found.`);
        }
        tx.put(instanceProfiles, profile);
      });
      return {};
    },
    TagInstanceProfile: (input, { account }) => {
      store.transact((tx) => {
        const profile = profileOf(tx, account, input.InstanceProfileName);
        tx.put(instanceProfiles, { ...profile, tags: mergeTags(profile.tags, input.Tags) });
      });
      return {};
    },
    UntagInstanceProfile: (input, { account }) => {
      store.transact((tx) => {
        const profile = profileOf(tx, account, input.InstanceProfileName);
        tx.put(instanceProfiles, { ...profile, tags: dropTags(profile.tags, input.TagKeys) });
      });
      return {};
    },
    ListInstanceProfileTags: (input, { account }) => {
      const { rows, ...rest } = page(profileOf(store, account, input.InstanceProfileName).tags, input);
      return { Tags: sdkTags(rows), ...rest };
    },
  } satisfies Handlers<typeof sdk>;
}
