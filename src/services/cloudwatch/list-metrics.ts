import type * as sdk from '@aws-sdk/client-cloudwatch';
import type { Handlers } from '../../aws/handlers.ts';
import { given } from '../../base/given.ts';
import type { CloudWatchDeps } from './deps.ts';
import { checkEnum, checkLength, notSupported } from './errors.ts';
import { checkMetricName, checkNamespace } from './metric-rules.ts';
import { page } from './paging.ts';

/** "ListMetrics" answers 500 at a time. */
const pageSize = 500;
const recentMs = 3 * 3_600_000;

/** Which metrics there are. */
export function listMetricsHandlers({ metrics }: CloudWatchDeps) {
  return {
    async ListMetrics(input, ctx) {
      const namespace = input.Namespace === undefined ? undefined : checkNamespace(input.Namespace);
      const name = input.MetricName === undefined ? undefined : checkMetricName(input.MetricName);
      checkLength('dimensions', input.Dimensions, 0, 10);
      checkEnum('recentlyActive', input.RecentlyActive, ['PT3H']);
      if (input.IncludeLinkedAccounts === true) throw notSupported('IncludeLinkedAccounts');
      if (input.OwningAccount !== undefined && input.OwningAccount !== ctx.account) throw notSupported('OwningAccount');
      const { account, region } = ctx;
      const query = { account, region, ...given('namespace', namespace), ...given('name', name) };
      const since = input.RecentlyActive === undefined ? undefined : recentMs;
      const found = (await metrics.list(query, since)).filter(({ dimensions }) =>
        (input.Dimensions ?? []).every(({ Name, Value }) =>
          dimensions.some((each) => each.name === Name && (Value === undefined || each.value === Value)),
        ),
      );
      const { items, next } = page(found, pageSize, input.NextToken);
      return {
        Metrics: items.map((each) => ({
          Namespace: each.namespace,
          MetricName: each.name,
          Dimensions: each.dimensions.map((dimension) => ({ Name: dimension.name, Value: dimension.value })),
        })),
        ...next,
      };
    },
  } satisfies Handlers<typeof sdk>;
}
