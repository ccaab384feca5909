import type * as sdk from '@aws-sdk/client-kms';
import type { Ctx, Handlers } from '../../aws/handlers.ts';
import { dateOf } from '../../base/clock.ts';
import { aliasArn, keySpecs } from '../../model/kms/key.ts';
import { scopeOf } from '../../model/tags.ts';
import { aliasKey, kmsAliases } from '../../store/tables/kms.ts';
import { checkLength, checkPattern } from '../constraints.ts';
import type { KmsDeps } from './deps.ts';
import { kmsErrors } from './errors.ts';
import { aliasOf, existingKey, keyById, notPending } from './find.ts';
import { page } from './paging.ts';

/** As many as a key may have ("Resource quotas", KMS Developer Guide). */
const aliasesPerKey = 50;

/** Aliases of keys. */
export function aliasHandlers({ store, clock }: KmsDeps) {
  return {
    CreateAlias(input, ctx) {
      const name = readName(input.AliasName, ctx);
      const { account, region } = ctx;
      const now = clock.now();
      store.transact((tx) => {
        const key = notPending(targetOf(input.TargetKeyId, (id) => keyById(tx, ctx, id)));
        const arn = aliasArn(ctx, name);
        if (tx.get(kmsAliases, aliasKey(ctx, name)) !== undefined) {
          throw kmsErrors.exists(`An alias with the name ${arn} already exists`);
        }
        if (tx.countBy(kmsAliases, 'key', `${scopeOf(ctx)}/${key.id}`) >= aliasesPerKey) {
          throw kmsErrors.limit(`${key.arn} already has ${aliasesPerKey} aliases.`);
        }
        tx.put(kmsAliases, { account, region, name, arn, keyId: key.id, createdAt: now, updatedAt: now });
      });
      return {};
    },

    UpdateAlias(input, ctx) {
      const name = readName(input.AliasName, ctx);
      store.transact((tx) => {
        const alias = aliasOf(tx, ctx, name);
        const before = existingKey(tx, ctx, name);
        const key = notPending(targetOf(input.TargetKeyId, (id) => keyById(tx, ctx, id)));
        if (keySpecs[before.spec].usage !== keySpecs[key.spec].usage || before.spec !== key.spec) {
          throw kmsErrors.validation(
            `Alias ${alias.arn} cannot be changed from a ${before.spec} key to a ${key.spec} key`,
          );
        }
        tx.put(kmsAliases, { ...alias, keyId: key.id, updatedAt: clock.now() });
      });
      return {};
    },

    DeleteAlias(input, ctx) {
      const name = readName(input.AliasName, ctx);
      store.transact((tx) => {
        aliasOf(tx, ctx, name);
        tx.delete(kmsAliases, aliasKey(ctx, name));
      });
      return {};
    },

    ListAliases(input, ctx) {
      const aliases =
        input.KeyId === undefined
          ? store.by(kmsAliases, 'scope', scopeOf(ctx))
          : store.by(kmsAliases, 'key', `${scopeOf(ctx)}/${keyById(store, ctx, input.KeyId).id}`);
      const { rows, ...rest } = page(aliases, ({ name }) => name, input, { otherwise: 50, most: 100 });
      return {
        Aliases: rows.map((alias) => ({
          AliasName: alias.name,
          AliasArn: alias.arn,
          TargetKeyId: alias.keyId,
          CreationDate: dateOf(alias.createdAt),
          LastUpdatedDate: dateOf(alias.updatedAt),
        })),
        ...rest,
      };
    },
  } satisfies Handlers<typeof sdk>;
}

/** Checks an alias's name; those of AWS are made by AWS. */
function readName(name: string | undefined, ctx: Ctx): string {
  const given = name ?? '';
  checkLength('aliasName', given, 1, 256);
  if (!given.startsWith('alias/')) {
    throw kmsErrors.validation(
      'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
    );
  }
  if (given === 'alias/') throw kmsErrors.invalidAlias('Alias name must not be empty');
  if (given.startsWith('alias/aws/')) {
    throw kmsErrors.denied(
      `User: ${ctx.caller.arn} may not change ${given}: aliases that begin with alias/aws/ are reserved.`,
    );
  }
  if (given.includes(':')) throw kmsErrors.validation(`${given} contains invalid characters for an alias`);
  checkPattern('aliasName', given, /^[a-zA-Z0-9:/_-]+$/);
  return given;
}

function targetOf<Key>(identifier: string | undefined, find: (id: string) => Key): Key {
  const id = identifier ?? '';
  checkLength('targetKeyId', id, 1, 2048);
  if (/(^|:)alias\//.test(id)) throw kmsErrors.validation('Aliases must refer to keys. Not aliases');
  return find(id);
}
