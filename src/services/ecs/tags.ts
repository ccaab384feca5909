import type { Tag as EcsTag } from '@aws-sdk/client-ecs';
import { parseArn } from '../../base/arn.ts';
import { AwsError } from '../../base/errors.ts';
import type { Tag } from '../../model/tags.ts';
import type { Reader, Transaction } from '../../store/store.ts';
import type { Table } from '../../store/table.ts';
import {
  capacityProviders,
  clusters,
  containerInstances,
  services,
  taskDefinitions,
  taskSets,
  tasks,
} from '../../store/tables/ecs.ts';
import type { ServiceDeps } from '../deps.ts';
import { clientException, invalidParameter } from './errors.ts';
import type { EcsHandlers } from './handler-types.ts';
import { readTags } from './tag-rules.ts';

interface Tagged {
  readonly tags: readonly Tag[];
  readonly status?: string;
}

/** The tags of clusters, container instances, services, tasks, task definitions and task sets, by the resource's ARN. */
export function tagHandlers({ store }: ServiceDeps) {
  return {
    ListTagsForResource(input) {
      const { row } = find(store, input.resourceArn);
      return { tags: row.tags.map((tag): EcsTag => ({ ...tag })) };
    },

    TagResource(input) {
      const tags = readTags(input.tags);
      if (tags.length === 0) throw clientException('Tags can not be empty.');
      change(store, input.resourceArn, (before) => {
        const merged = new Map([...before, ...tags].map((tag) => [tag.key, tag]));
        if (merged.size > 50) {
          throw invalidParameter('The maximum number of tags for the resource was exceeded: 50 tags are allowed.');
        }
        return [...merged.values()];
      });
      return {};
    },

    UntagResource(input) {
      const keys = new Set(input.tagKeys ?? []);
      if (keys.size === 0) throw clientException('Tag keys can not be empty.');
      for (const key of keys) {
        if (key.toLowerCase().startsWith('aws:')) {
          throw invalidParameter('aws: prefixed tag key names are not allowed for external use.');
        }
      }
      change(store, input.resourceArn, (before) => before.filter((tag) => !keys.has(tag.key)));
      return {};
    },
  } satisfies EcsHandlers;
}

function change(
  store: ServiceDeps['store'],
  arn: string | undefined,
  to: (before: readonly Tag[]) => readonly Tag[],
): void {
  store.transact((tx: Transaction) => {
    const { table, row } = find(tx, arn);
    tx.put(table, { ...row, tags: to(row.tags) });
  });
}

/** The table and the row of a taggable resource. Throws as TagResource does for what is gone or never was. */
function find(reader: Reader, resourceArn: string | undefined): { table: Table<Tagged>; row: Tagged } {
  const kind = parseArn(resourceArn ?? '');
  const table = kind?.service === 'ecs' ? tableOf(kind.resource) : undefined;
  if (resourceArn === undefined || table === undefined) {
    throw invalidParameter(`Invalid ARN: '${resourceArn ?? ''}' is not that of a resource which can be tagged.`);
  }
  const row = reader.get(table, resourceArn);
  const what = kind?.resource.split('/')[0]?.replace('-', ' ') ?? 'resource';
  if (row === undefined) {
    throw what === 'cluster'
      ? new AwsError('ClusterNotFoundException', 'Cluster not found.')
      : new AwsError(
          'ResourceNotFoundException',
          `The specified ${what} was not found. Specify a valid ARN and try again.`,
        );
  }
  if (row.status === 'INACTIVE' && what !== 'task definition') {
    throw invalidParameter(`The specified ${what} is inactive. Specify an active ${what} and try again.`);
  }
  return { table, row };
}

function tableOf(resource: string): Table<Tagged> | undefined {
  const all: Readonly<Record<string, unknown>> = {
    'capacity-provider': capacityProviders,
    cluster: clusters,
    'container-instance': containerInstances,
    service: services,
    task: tasks,
    'task-definition': taskDefinitions,
    'task-set': taskSets,
  };
  return all[resource.slice(0, resource.indexOf('/'))] as Table<Tagged> | undefined;
}
