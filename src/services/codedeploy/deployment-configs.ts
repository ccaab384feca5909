import type * as sdk from '@aws-sdk/client-codedeploy';
import type { Handlers } from '../../aws/handlers.ts';
import { dateOf } from '../../base/clock.ts';
import { given } from '../../base/given.ts';
import {
  predefinedRoutings,
  type DeploymentConfig,
  type TrafficRouting,
} from '../../model/codedeploy/traffic-routing.ts';
import { scopeOf } from '../../model/tags.ts';
import { deploymentConfigs, deploymentGroups, namedKey } from '../../store/tables/codedeploy.ts';
import { checkPlatform } from './applications.ts';
import type { CodeDeployDeps } from './deps.ts';
import { refused } from './errors.ts';
import { configName, findRouting } from './find.ts';
import { page } from './paging.ts';

/** "AWS CodeDeploy limits": custom deployment configurations. */
const mostConfigs = 50;
/** The longest that a canary or linear deployment may take from its first shift to its last, minutes. */
const longestMinutes = 2880;

/** Deployment configurations: ECS's predefined ones, which every account has, and the account's own. */
export function deploymentConfigHandlers({ store, clock, ids }: CodeDeployDeps) {
  return {
    CreateDeploymentConfig(input, ctx) {
      const name = configName(input.deploymentConfigName);
      checkPlatform(input.computePlatform ?? 'Server');
      if (input.minimumHealthyHosts !== undefined) {
        throw refused('InvalidMinimumHealthyHostValue', 'minimumHealthyHosts is not for the ECS compute platform.');
      }
      if (input.zonalConfig !== undefined) {
        throw refused('InvalidZonalDeploymentConfiguration', 'zonalConfig is not for the ECS compute platform.');
      }
      if (name.startsWith('CodeDeployDefault.')) {
        throw refused('InvalidDeploymentConfigName', 'Names that begin with CodeDeployDefault. are reserved.');
      }
      const routing = readRouting(input.trafficRoutingConfig);
      return store.transact((tx) => {
        if (tx.get(deploymentConfigs, namedKey(ctx, name)) !== undefined) {
          throw refused('DeploymentConfigAlreadyExists', `Deployment Configuration already exists with name: ${name}`);
        }
        if (tx.by(deploymentConfigs, 'scope', scopeOf(ctx)).length >= mostConfigs) {
          throw refused('DeploymentConfigLimitExceeded', 'The deployment configurations limit was exceeded.');
        }
        const { account, region } = ctx;
        const id = ids.uuid();
        tx.put(deploymentConfigs, { account, region, id, name, routing, createdAt: clock.now() });
        return { deploymentConfigId: id };
      });
    },

    GetDeploymentConfig(input, ctx) {
      const name = configName(input.deploymentConfigName);
      const own = store.get(deploymentConfigs, namedKey(ctx, name));
      return { deploymentConfigInfo: describe(name, findRouting(store, ctx, name), own) };
    },

    ListDeploymentConfigs(input, ctx) {
      const own = store.by(deploymentConfigs, 'scope', scopeOf(ctx)).map(({ name }) => name);
      const names = [...Object.keys(predefinedRoutings), ...own].toSorted();
      const { items, next } = page(names, (name) => name, input.nextToken);
      return { deploymentConfigsList: [...items], ...next };
    },

    DeleteDeploymentConfig(input, ctx) {
      const name = configName(input.deploymentConfigName);
      if (predefinedRoutings[name] !== undefined) {
        throw refused('InvalidOperation', `The predefined deployment configuration ${name} cannot be deleted.`);
      }
      store.transact((tx) => {
        if (tx.by(deploymentGroups, 'config', namedKey(ctx, name)).length > 0) {
          throw refused('DeploymentConfigInUse', `The deployment configuration ${name} is still in use.`);
        }
        tx.delete(deploymentConfigs, namedKey(ctx, name));
      });
      return {};
    },
  } satisfies Handlers<typeof sdk>;
}

function invalid(message: string) {
  return refused('InvalidTrafficRoutingConfiguration', message);
}

function readRouting(asked: sdk.TrafficRoutingConfig | undefined): TrafficRouting {
  if (asked === undefined) throw invalid('trafficRoutingConfig must be specified for the ECS compute platform.');
  const { type, timeBasedCanary: canary, timeBasedLinear: linear } = asked;
  if (canary !== undefined && type !== 'TimeBasedCanary') throw invalid(`timeBasedCanary is not for the type ${type}.`);
  if (linear !== undefined && type !== 'TimeBasedLinear') throw invalid(`timeBasedLinear is not for the type ${type}.`);
  if (type === 'AllAtOnce') return { type };
  if (type !== 'TimeBasedCanary' && type !== 'TimeBasedLinear') {
    throw invalid('The type must be AllAtOnce, TimeBasedCanary or TimeBasedLinear.');
  }
  const percent = canary?.canaryPercentage ?? linear?.linearPercentage;
  const minutes = canary?.canaryInterval ?? linear?.linearInterval;
  if (percent === undefined || minutes === undefined) throw invalid(`${type} needs a percentage and an interval.`);
  if (percent < 1 || percent > 99) throw invalid('The percentage must be between 1 and 99.');
  const steps = type === 'TimeBasedCanary' ? 1 : Math.ceil(100 / percent) - 1;
  if (minutes < 1 || minutes * steps > longestMinutes) {
    throw invalid(
      `The interval must be at least 1 minute, and all traffic be shifted within ${longestMinutes} minutes.`,
    );
  }
  return { type, percent, minutes };
}

function describe(name: string, routing: TrafficRouting, own: DeploymentConfig | undefined): sdk.DeploymentConfigInfo {
  return {
    deploymentConfigId: own?.id ?? predefinedId(name),
    deploymentConfigName: name,
    ...given('createTime', own && dateOf(own.createdAt)),
    computePlatform: 'ECS',
    trafficRoutingConfig: describeRouting(routing),
  };
}

/** Predefined configurations have ids of the form `00000000-0000-0000-0000-00000000000n`. */
function predefinedId(name: string): string {
  const index = Object.keys(predefinedRoutings).indexOf(name) + 1;
  return `00000000-0000-0000-0000-${String(index).padStart(12, '0')}`;
}

function describeRouting(routing: TrafficRouting): sdk.TrafficRoutingConfig {
  switch (routing.type) {
    case 'AllAtOnce':
      return { type: routing.type };
    case 'TimeBasedCanary':
      return {
        type: routing.type,
        timeBasedCanary: { canaryPercentage: routing.percent, canaryInterval: routing.minutes },
      };
    case 'TimeBasedLinear':
      return {
        type: routing.type,
        timeBasedLinear: { linearPercentage: routing.percent, linearInterval: routing.minutes },
      };
    default:
      return routing satisfies never;
  }
}
