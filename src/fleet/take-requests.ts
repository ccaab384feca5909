import { AwsError, messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { PutObject } from '../model/s3/put-object.ts';
import type { Store, Transaction } from '../store/store.ts';
import { targetKey, targets } from '../store/tables/elbv2.ts';
import type { MetricStore } from '../store/metrics/metric-store.ts';
import type { RequestReport } from '../wire/request-report.ts';

/** What the taking of reports is made from. */
export interface TakeRequestsDeps {
  readonly store: Store;
  readonly metrics: Pick<MetricStore, 'put' | 'taken'>;
  readonly putObject: PutObject;
  readonly log: Log;
}

/**
 * Takes what machines say of the requests of load balancers: figures into the metrics, access logs into their bucket. A bucket that refuses
 * loses that log, as on AWS, and says why in ours; what cannot be stored now rejects, to be sent again.
 */
export function takeRequests({ store, metrics, putObject, log }: TakeRequestsDeps) {
  return {
    taken: (sourceId: string): Promise<number> => metrics.taken(sourceId),
    async take(report: RequestReport): Promise<void> {
      if (report.kind === 'metrics') {
        await metrics.put({ data: report.data, source: report.source });
        return;
      }
      if (report.kind === 'anomalies') {
        store.transact((tx) => takeAnomalies(tx, report));
        return;
      }
      const { loadBalancerArn, bucket, key, body } = report;
      const account = loadBalancerArn.split(':')[4] ?? '';
      try {
        await putObject({ account, bucket, key, sizeBytes: body.length, content: once(body) });
      } catch (error) {
        if (!(error instanceof AwsError) || error.status >= 500) throw error;
        log.warn('an access log is not delivered', { balancer: loadBalancerArn, bucket, error: messageOf(error) });
      }
    },
  };
}

function takeAnomalies(tx: Transaction, report: Extract<RequestReport, { kind: 'anomalies' }>): void {
  const odd = new Map(
    report.anomalous.map(({ targetGroupArn, id, port, mitigated }) => [targetKey(targetGroupArn, id, port), mitigated]),
  );
  for (const arn of report.targetGroupArns) {
    for (const row of tx.by(targets, 'targetGroup', arn)) {
      const mitigated = odd.get(targets.key(row));
      if (mitigated === row.anomaly?.mitigated) continue;
      const { anomaly: _, ...kept } = row;
      tx.put(targets, { ...kept, ...(mitigated === undefined ? {} : { anomaly: { mitigated } }) });
    }
  }
}

async function* once(body: Uint8Array): AsyncIterable<Uint8Array> {
  await Promise.resolve();
  yield body;
}
