import type { LoadBalancer } from '../../model/elbv2/load-balancing.ts';
import type { Reader } from '../../store/store.ts';
import { buckets } from '../../store/tables/s3.ts';
import { elbErrors } from './errors.ts';

/**
 * Checks where logs are to go, whenever a change speaks of them: "The bucket must exist in the same region as the load balancer"
 * (`LoadBalancerAttribute`, ELB API Reference). Bucket policies are kept and not enforced (docs/s3.md), so none is asked for.
 */
export function checkLogBucket(
  reader: Reader,
  loadBalancer: LoadBalancer,
  attributes: Readonly<Record<string, string>>,
  changes: readonly { readonly Key?: string | undefined }[],
): void {
  for (const log of ['access_logs', 'connection_logs']) {
    const spoken = changes.some(({ Key }) => Key?.startsWith(`${log}.s3.`));
    if (spoken && attributes[`${log}.s3.enabled`] === 'true') checkBucket(reader, loadBalancer, attributes, log);
  }
}

function checkBucket(
  reader: Reader,
  loadBalancer: LoadBalancer,
  attributes: Readonly<Record<string, string>>,
  log: string,
): void {
  const name = attributes[`${log}.s3.bucket`] ?? '';
  if (name === '') {
    throw elbErrors.configuration(
      `The value of the attribute ${log}.s3.bucket must be specified when ${log.replace('_', ' ')} are enabled`,
    );
  }
  const bucket = reader.get(buckets, name);
  if (bucket === undefined || bucket.account !== loadBalancer.account) {
    throw elbErrors.configuration(`Access Denied for bucket: ${name}. Please check S3bucket permission`);
  }
  if (bucket.region !== loadBalancer.region) {
    throw elbErrors.configuration(`The bucket '${name}' must be in the same region as the load balancer`);
  }
}
