import { compareKeys, lowerBound } from '../../model/s3/key-order.ts';
import type { ObjectVersion } from '../../model/s3/object.ts';
import type { Store } from '../../store/store.ts';
import { objectKey, objectVersions } from '../../store/tables/s3.ts';

/**
 * The keys of buckets in the order of listings, so that a page costs what is on it and not what is in the bucket. It
 * follows the store, and is made for a bucket when that is first listed.
 */
export class KeyIndex {
  readonly #store: Store;
  readonly #keys = new Map<string, string[]>();
  #watches = false;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Every key that has a version, be it a delete marker. The list is the index's own: it changes with the next commit. */
  keysOf(bucket: string): readonly string[] {
    if (!this.#watches) this.#watch();
    let keys = this.#keys.get(bucket);
    if (keys === undefined) {
      const rows = this.#store.by(objectVersions, 'bucket', bucket);
      keys = [...new Set(rows.map(({ key }) => key))].sort(compareKeys);
      this.#keys.set(bucket, keys);
    }
    return keys;
  }

  #watch(): void {
    this.#watches = true;
    this.#store.watch([objectVersions], ({ changes }) => {
      for (const { before, after } of changes) this.#follow((after ?? before) as ObjectVersion);
    });
  }

  #follow({ bucket, key }: ObjectVersion): void {
    const keys = this.#keys.get(bucket);
    if (keys === undefined) return;
    const at = lowerBound(keys, key);
    const listed = keys[at] === key;
    const exists = this.#store.countBy(objectVersions, 'key', objectKey(bucket, key)) > 0;
    if (exists && !listed) keys.splice(at, 0, key);
    if (!exists && listed) keys.splice(at, 1);
    if (keys.length === 0) this.#keys.delete(bucket);
  }
}
