import { arn } from '../../base/arn.ts';
import { shortName } from '../../model/ecs/arns.ts';
import type { ServiceDeps } from '../deps.ts';
import { invalidParameter } from './errors.ts';
import { needCluster } from './find.ts';
import type { EcsHandlers } from './handler-types.ts';

/** Container instances: none registers yet, so there are none to list, and every one asked for is missing. */
export function containerInstanceHandlers({ store }: ServiceDeps) {
  return {
    DescribeContainerInstances(input, ctx) {
      const cluster = needCluster(store, ctx, input.cluster);
      const asked = input.containerInstances ?? [];
      if (asked.length === 0) throw invalidParameter('Container instances cannot be empty.');
      if (asked.length > 100) throw invalidParameter('containerInstances can have at most 100 items.');
      return {
        containerInstances: [],
        failures: asked.map((name) => ({
          arn: name.startsWith('arn:')
            ? name
            : arn('ecs', ctx.region, ctx.account, `container-instance/${cluster.name}/${shortName(name)}`),
          reason: 'MISSING',
        })),
      };
    },

    ListContainerInstances(input, ctx) {
      needCluster(store, ctx, input.cluster);
      return { containerInstanceArns: [] };
    },

    ListAttributes(input, ctx) {
      needCluster(store, ctx, input.cluster);
      if (input.targetType !== 'container-instance') throw invalidParameter('targetType must be container-instance.');
      return { attributes: [] };
    },
  } satisfies EcsHandlers;
}
