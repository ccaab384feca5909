import type * as sdk from '@aws-sdk/client-ssm';
import type { Handlers } from '../../aws/handlers.ts';
import { AwsError } from '../../base/errors.ts';
import { scopeOf } from '../../model/tags.ts';
import { deleteParameter } from '../../store/delete-parameter.ts';
import { parameters } from '../../store/tables/ssm.ts';
import { violated } from '../constraints.ts';
import type { SsmDeps } from './deps.ts';
import { ssmErrors } from './errors.ts';
import { readFilters } from './filters.ts';
import { metadataOf } from './get-parameters.ts';
import { parameterOf, versionOf } from './names.ts';
import { page } from './paging.ts';

/** Describing parameters, and deleting them. */
export function describeParameterHandlers({ store }: SsmDeps) {
  return {
    DescribeParameters(input, ctx) {
      const { Filters = [], ParameterFilters = [] } = input;
      if (Filters.length > 0 && ParameterFilters.length > 0) {
        throw ssmErrors.validation('You can use either Filters or ParameterFilters in a single request.');
      }
      // Filters are the older form: a name by its beginning, all else as it is.
      const filters = Filters.map(({ Key, Values }): sdk.ParameterStringFilter => ({
        Key,
        Values,
        Option: Key === 'Name' ? 'BeginsWith' : 'Equals',
      }));
      const keys = ['Path', 'Name', 'Type', 'KeyId', 'Tier', 'DataType'];
      const matches = readFilters(Filters.length > 0 ? filters : ParameterFilters, keys);
      const found = store
        .by(parameters, 'scope', scopeOf(ctx))
        .map((parameter) => ({ parameter, version: versionOf(store, parameter) }))
        .filter(matches);
      // Of what other accounts share there is nothing.
      const shown = input.Shared === true ? [] : found;
      const { rows, rest } = page(shown, ({ parameter }) => parameter.name, input, 50);
      return {
        Parameters: rows.map(({ parameter, version }) => ({ ...metadataOf(version), ARN: parameter.arn })),
        ...rest,
      };
    },

    DeleteParameter(input, ctx) {
      store.transact((tx) => deleteParameter(tx, parameterOf(tx, ctx, input.Name)));
      return {};
    },

    DeleteParameters(input, ctx) {
      const names = input.Names ?? [];
      if (names.length === 0 || names.length > 10) {
        const most = 'Member must have length less than or equal to 10';
        const least = 'Member must have length greater than or equal to 1';
        throw violated({ member: 'names', value: names, must: names.length === 0 ? least : most });
      }
      return store.transact((tx) => {
        const deleted: string[] = [];
        const invalid: string[] = [];
        for (const name of new Set(names)) {
          try {
            deleteParameter(tx, parameterOf(tx, ctx, name));
            deleted.push(name);
          } catch (error) {
            if (!(error instanceof AwsError) || error.code !== 'ParameterNotFound') throw error;
            invalid.push(name);
          }
        }
        return { DeletedParameters: deleted, InvalidParameters: invalid };
      });
    },
  } satisfies Handlers<typeof sdk>;
}
