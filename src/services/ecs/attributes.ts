import type { Attribute } from '@aws-sdk/client-ecs';
import { AwsError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import type { Cluster } from '../../model/ecs/cluster.ts';
import { isBuiltIn, type ContainerInstance, type InstanceAttribute } from '../../model/ecs/container-instance.ts';
import type { Reader } from '../../store/store.ts';
import { containerInstances } from '../../store/tables/ecs.ts';
import type { ServiceDeps } from '../deps.ts';
import { invalidParameter } from './errors.ts';
import { needCluster } from './find.ts';
import { findInstance } from './find-instance.ts';
import type { EcsHandlers } from './handler-types.ts';
import { page } from './paging.ts';

/** "Amazon ECS service quotas": custom attributes of one container instance. */
const maxAttributes = 10;

/** Custom attributes of container instances, and the listing of all. */
export function attributeHandlers({ store }: ServiceDeps) {
  return {
    PutAttributes(input, ctx) {
      const cluster = needCluster(store, ctx, input.cluster);
      const asked = checkCount(input.attributes);
      store.transact((tx) => {
        for (const one of asked) {
          const attribute = readAttribute(one);
          const row = targetOf(tx, cluster, one);
          const rest = row.attributes.filter(({ name }) => name !== attribute.name);
          if (rest.filter(({ name }) => !isBuiltIn(name)).length >= maxAttributes) {
            throw new AwsError(
              'AttributeLimitExceededException',
              `You can apply up to ${maxAttributes} custom attributes for each resource.`,
            );
          }
          tx.put(containerInstances, { ...row, attributes: [...rest, attribute], version: row.version + 1 });
        }
      });
      return { attributes: asked.map((one) => ({ ...one })) };
    },

    DeleteAttributes(input, ctx) {
      const cluster = needCluster(store, ctx, input.cluster);
      const asked = checkCount(input.attributes);
      store.transact((tx) => {
        for (const one of asked) {
          const { name } = readAttribute(one);
          const row = targetOf(tx, cluster, one);
          const attributes = row.attributes.filter((each) => each.name !== name);
          tx.put(containerInstances, { ...row, attributes, version: row.version + 1 });
        }
      });
      return { attributes: asked.map((one) => ({ ...one })) };
    },

    ListAttributes(input, ctx) {
      const cluster = needCluster(store, ctx, input.cluster);
      if (input.targetType !== 'container-instance') throw invalidParameter('targetType must be container-instance.');
      if (input.attributeValue !== undefined && input.attributeName === undefined) {
        throw invalidParameter('attributeValue requires an attributeName.');
      }
      const all = store
        .by(containerInstances, 'cluster', cluster.arn)
        .filter(({ status }) => status !== 'INACTIVE')
        .flatMap((row) => row.attributes.map((one) => ({ ...one, targetId: row.arn })))
        .filter(
          ({ name, value }) =>
            (input.attributeName === undefined || name === input.attributeName) &&
            (input.attributeValue === undefined || value === input.attributeValue),
        );
      const { items, ...rest } = page(all, ({ targetId, name }) => `${targetId} ${name}`, input);
      return { attributes: items, ...rest };
    },
  } satisfies EcsHandlers;
}

function checkCount(attributes: readonly Attribute[] | undefined): readonly Attribute[] {
  const count = attributes?.length ?? 0;
  if (attributes === undefined || count === 0) throw invalidParameter('attributes can not be empty.');
  if (count > 10) throw invalidParameter('attributes can have at most 10 items.');
  return attributes;
}

/** "Attribute", ECS API Reference. */
function readAttribute({ name, value }: Attribute): InstanceAttribute {
  if (name === undefined || !/^[a-zA-Z0-9\-_./\\]{1,128}$/.test(name)) {
    throw invalidParameter(`The attribute name '${name ?? ''}' is not valid.`);
  }
  if (isBuiltIn(name)) throw invalidParameter(`The attribute ${name} is reserved and can not be changed.`);
  if (value !== undefined && !/^(?! )[a-zA-Z0-9\-_./\\@: ]{0,128}(?<! )$/.test(value)) {
    throw invalidParameter(`The attribute value '${value}' is not valid.`);
  }
  return { name, ...given('value', value === '' ? undefined : value) };
}

/** The instance that an attribute is of. Throws `TargetNotFoundException`. */
function targetOf(reader: Reader, cluster: Cluster, { targetType, targetId = '' }: Attribute): ContainerInstance {
  if (targetType !== undefined && targetType !== 'container-instance') {
    throw invalidParameter('targetType must be container-instance.');
  }
  if (targetId === '') throw invalidParameter('targetId can not be blank.');
  if (!targetId.startsWith('arn:') && targetType === undefined) {
    throw invalidParameter('targetType must be specified when targetId is a short form id.');
  }
  const row = findInstance(reader, cluster, targetId);
  if (row === undefined || row.status === 'INACTIVE') {
    throw new AwsError('TargetNotFoundException', `The specified target wasn't found: ${targetId}`);
  }
  return row;
}
