import type * as sdk from '@aws-sdk/client-codedeploy';
import type { Handlers } from '../../aws/handlers.ts';
import { dateOf } from '../../base/clock.ts';
import type { Application } from '../../model/codedeploy/application.ts';
import { scopeOf } from '../../model/tags.ts';
import { applications, deploymentGroups, groupKey, namedKey } from '../../store/tables/codedeploy.ts';
import type { CodeDeployDeps } from './deps.ts';
import { notHere, refused } from './errors.ts';
import { applicationName, findApplication } from './find.ts';
import { page } from './paging.ts';
import { readTags } from './tags.ts';

/** "AWS CodeDeploy limits": applications in an account and region, and how many a batch may name. */
const mostApplications = 1000;
const mostInBatch = 100;

/** Applications. */
export function applicationHandlers({ store, clock, ids }: CodeDeployDeps) {
  return {
    CreateApplication(input, ctx) {
      const name = applicationName(input.applicationName);
      checkPlatform(input.computePlatform ?? 'Server');
      const tags = readTags(input.tags);
      return store.transact((tx) => {
        if (tx.get(applications, namedKey(ctx, name)) !== undefined) throw alreadyThere(name);
        if (tx.by(applications, 'scope', scopeOf(ctx)).length >= mostApplications) {
          throw refused('ApplicationLimitExceeded', 'More applications were attempted to be created than are allowed.');
        }
        const id = ids.uuid();
        const { account, region } = ctx;
        tx.put(applications, { account, region, id, name, computePlatform: 'ECS', createdAt: clock.now(), tags });
        return { applicationId: id };
      });
    },

    GetApplication: (input, ctx) => ({ application: describe(findApplication(store, ctx, input.applicationName)) }),

    BatchGetApplications(input, ctx) {
      const names = input.applicationNames ?? [];
      if (names.length > mostInBatch) {
        throw refused('BatchLimitExceeded', `The maximum number of names that can be requested is ${mostInBatch}.`);
      }
      return { applicationsInfo: names.map((name) => describe(findApplication(store, ctx, name))) };
    },

    ListApplications(input, ctx) {
      const names = store.by(applications, 'scope', scopeOf(ctx)).map(({ name }) => name);
      const { items, next } = page(names.toSorted(), (name) => name, input.nextToken);
      return { applications: [...items], ...next };
    },

    UpdateApplication(input, ctx) {
      store.transact((tx) => {
        const row = findApplication(tx, ctx, input.applicationName);
        if (input.newApplicationName === undefined || input.newApplicationName === row.name) return;
        const name = applicationName(input.newApplicationName);
        if (tx.get(applications, namedKey(ctx, name)) !== undefined) throw alreadyThere(name);
        tx.delete(applications, namedKey(ctx, row.name));
        tx.put(applications, { ...row, name });
      });
      return {};
    },

    /** Its deployment groups go with it; deployments under way come to their end. One that is not there is deleted already. */
    DeleteApplication(input, ctx) {
      const name = applicationName(input.applicationName);
      store.transact((tx) => {
        const row = tx.get(applications, namedKey(ctx, name));
        if (row === undefined) return;
        for (const group of tx.by(deploymentGroups, 'application', row.id)) {
          tx.delete(deploymentGroups, groupKey(row.id, group.name));
        }
        tx.delete(applications, namedKey(ctx, name));
      });
      return {};
    },
  } satisfies Handlers<typeof sdk>;
}

/** Refuses what is not for ECS. */
export function checkPlatform(platform: string): void {
  if (platform === 'ECS') return;
  if (platform !== 'Server' && platform !== 'Lambda') {
    throw refused('InvalidComputePlatform', `The compute platform ${platform} is invalid. It must be ECS`);
  }
  throw notHere('InvalidComputePlatform', `The compute platform ${platform}`, 'computePlatform must be ECS');
}

function alreadyThere(name: string) {
  return refused('ApplicationAlreadyExists', `Application already exists with the specified name: ${name}`);
}

function describe({ id, name, createdAt, computePlatform }: Application): sdk.ApplicationInfo {
  return {
    applicationId: id,
    applicationName: name,
    createTime: dateOf(createdAt),
    linkedToGitHub: false,
    computePlatform,
  };
}
