import { expect, it } from 'vitest';
import { silentLog } from '../../base/log.ts';
import { Store } from '../../store/store.ts';
import { images, layers, repositories } from '../../store/tables/ecr.ts';
import { objectVersions, uploadedParts } from '../../store/tables/s3.ts';
import { imageLoop } from './loop.ts';

it('expires what the policy says, keeps the rest, and hands the content to the collector', async () => {
  const store = new Store([repositories, images, layers, objectVersions, uploadedParts]);
  const scope = { account: '000000000000', region: 'us-east-1' };
  const rule = {
    rulePriority: 1,
    selection: { tagStatus: 'untagged', countType: 'imageCountMoreThan', countNumber: 1 },
    action: { type: 'expire' },
  };
  store.transact((tx) => {
    tx.put(repositories, {
      ...scope,
      arn: 'r',
      name: 'r',
      createdAt: 0,
      tagMutability: 'MUTABLE',
      exclusions: [],
      scanOnPush: false,
      lifecyclePolicyText: JSON.stringify({ rules: [rule] }),
      tags: [],
    });
    for (const [index, digest] of ['old', 'new'].entries()) {
      const blobs = ['shared', `of-${digest}`];
      const sizes = { manifestBytes: 1, sizeBytes: 1 };
      const content = { mediaType: 'm', blobs, manifests: [], pushedAt: index };
      tx.put(images, { ...scope, repositoryArn: 'r', digest, tags: [], ...sizes, ...content });
      for (const blob of blobs)
        tx.put(layers, { ...scope, repositoryArn: 'r', digest: blob, sizeBytes: 1, createdAt: 0 });
    }
  });
  const collected = Promise.withResolvers<string[]>();
  const blobs = {
    collect: (digests: Iterable<string>, isReferenced: (digest: string) => boolean) =>
      collected.resolve([...digests].filter((digest) => !isReferenced(digest))),
  };
  imageLoop({ store, blobs, log: silentLog }).tick(3_600_000);
  expect(store.list(images).map(({ digest }) => digest)).toEqual(['new']);
  expect(store.list(layers).map(({ digest }) => digest)).toEqual(['shared', 'of-new']);
  expect(store.get(repositories, 'r')?.lifecycleEvaluatedAt).toBe(3_600_000);
  expect(await collected.promise).toEqual(['old', 'of-old']);
});
