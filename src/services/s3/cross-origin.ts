import type { CrossOriginRules } from '../../aws/cross-origin.ts';
import { corsHeaders } from '../../model/s3/cors.ts';
import type { Reader } from '../../store/store.ts';
import { buckets } from '../../store/tables/s3.ts';

/** What the buckets say of pages of other origins. */
export function crossOriginRules(store: Reader): CrossOriginRules {
  return ({ bucket: name, ...ask }) => {
    const bucket = store.get(buckets, name);
    if (bucket === undefined) return 'bucket';
    return bucket.cors === undefined ? 'rules' : (corsHeaders(bucket.cors, ask) ?? 'refused');
  };
}
