import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { expiredImages, parseLifecyclePolicy } from '../../model/ecr/lifecycle.ts';
import type { Repository } from '../../model/ecr/repository.ts';
import type { Blobs } from '../../store/blobs/blobs.ts';
import { collectGarbage } from '../../store/blob-garbage.ts';
import { removeImage } from '../../store/image-garbage.ts';
import type { Store } from '../../store/store.ts';
import { images, repositories } from '../../store/tables/ecr.ts';
import type { Loop } from '../loop.ts';

/** What the loop is made from. */
export interface ImageDeps {
  readonly store: Store;
  readonly blobs: Pick<Blobs, 'collect'>;
  readonly log: Log;
}

/**
 * Expires images by the lifecycle policies of their repositories, once an hour: AWS does it within 24 ("Automate the
 * cleanup of images by using lifecycle policies", ECR User Guide). No commit wakes it: an image that is being pushed
 * must not be judged halfway.
 */
export function imageLoop(deps: ImageDeps): Loop {
  return {
    name: 'images',
    tables: [],
    rescanMs: 3_600_000,
    tick(now) {
      for (const repository of deps.store.list(repositories)) {
        if (repository.lifecyclePolicyText !== undefined) expireImages(deps, repository, now);
      }
      return undefined;
    },
  };
}

function expireImages({ store, blobs, log }: ImageDeps, { arn, lifecyclePolicyText = '' }: Repository, now: number) {
  const rules = parseLifecyclePolicy(JSON.parse(lifecyclePolicyText));
  // PutLifecyclePolicy takes no other; one kept from before it looked says nothing.
  if (typeof rules === 'string') return;
  const garbage = store.transact((tx) => {
    const expired = expiredImages(rules, tx.by(images, 'repository', arn), now);
    tx.update(repositories, arn, (row) => ({ ...row, lifecycleEvaluatedAt: now }));
    return expired.flatMap((image) => removeImage(tx, image));
  });
  if (garbage.length === 0) return;
  collectGarbage({ store, blobs }, garbage).catch((error: unknown) => {
    log.error('the content of expired images was not deleted', { repository: arn, error: messageOf(error) });
  });
}
