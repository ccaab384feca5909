import { minuteOf, type MetricDatum } from '../../../base/metric.ts';
import type { AccessLine } from '../../../drivers/balancer/access-line.ts';
import type { BalancerSpec } from '../../../wire/balancer-spec.ts';
import { quoted, requestOf } from './access-log.ts';
import { isoOfUs } from './log-keys.ts';
import { SeriesOf } from './series.ts';

/**
 * The metrics of some requests and connections of a Classic Load Balancer ("CloudWatch metrics for your Classic Load Balancer", ELB User
 * Guide), each in the minute in which it ended.
 */
export function classicMetrics(spec: BalancerSpec, lines: readonly AccessLine[]): MetricDatum[] {
  const series = new SeriesOf(spec);
  for (const line of lines) {
    const at = minuteOf(line.endedUs / 1000);
    const { targetStatus, status } = line;
    series.add(at, 'EstimatedProcessedBytes', 'Bytes', line.receivedBytes + line.sentBytes);
    if (/^[Ss]C/.test(line.ending)) series.add(at, 'BackendConnectionErrors', 'Count', 1);
    if (!ofRequests(spec, line)) {
      // "The total time elapsed … for the load balancer to successfully establish a connection to a registered instance."
      if (line.target === undefined || line.requestMs === undefined) continue;
      series.add(at, 'RequestCount', 'Count', 1);
      series.add(at, 'Latency', 'Seconds', line.requestMs / 1000);
      continue;
    }
    if (targetStatus === undefined) {
      if (status >= 400) series.add(at, `HTTPCode_ELB_${status < 500 ? 4 : 5}XX`, 'Count', 1);
      continue;
    }
    series.add(at, 'RequestCount', 'Count', 1);
    series.add(at, `HTTPCode_Backend_${Math.floor(targetStatus / 100)}XX`, 'Count', 1);
    if (line.responseMs !== undefined) series.add(at, 'Latency', 'Seconds', line.responseMs / 1000);
  }
  return series.data();
}

/** How many instances are healthy and how many are not: of all, and of each zone. */
export function classicHostMetrics(spec: BalancerSpec, now: number): MetricDatum[] {
  const series = new SeriesOf(spec);
  const targets = spec.targetGroups.flatMap((group) => group.targets).filter(({ draining }) => !draining);
  const at = minuteOf(now);
  const zones = new Set(targets.flatMap(({ zone }) => zone ?? []));
  for (const zone of [undefined, ...zones]) {
    const of = targets.filter((target) => zone === undefined || target.zone === zone);
    const healthy = of.filter(({ lastHealth }) => lastHealth === 'healthy').length;
    series.add(at, 'HealthyHostCount', 'Count', healthy, { zone });
    series.add(at, 'UnHealthyHostCount', 'Count', of.length - healthy, { zone });
  }
  return series.data();
}

function ofRequests({ listeners }: BalancerSpec, { port }: AccessLine): boolean {
  const protocol = listeners.find((listener) => listener.port === port)?.protocol;
  return protocol === 'HTTP' || protocol === 'HTTPS';
}

/** One request or connection as an entry of an access log ("Access logs for your Classic Load Balancer", ELB User Guide). */
export function classicLogEntry(spec: BalancerSpec, line: AccessLine): string {
  const isRequest = ofRequests(spec, line);
  const isSent = line.target !== undefined;
  return [
    isoOfUs(line.beganUs),
    spec.name,
    line.client,
    line.target ?? '-',
    seconds(isSent ? line.requestMs : undefined),
    // Of a connection it is the time until the instance's first byte, which nobody looks for.
    seconds(isSent ? (line.responseMs ?? (isRequest ? undefined : 0)) : undefined),
    seconds(isSent && (line.responseMs !== undefined || !isRequest) ? 0 : undefined),
    isRequest && line.status !== 0 ? statusOf(line) : '-',
    line.targetStatus ?? '-',
    line.receivedBytes,
    line.sentBytes,
    quoted(isRequest ? requestOf(spec, line) : '- - - '),
    quoted(line.agent ?? '-'),
    line.tls?.cipher ?? '-',
    line.tls?.protocol ?? '-',
  ].join(' ');
}

/** An instance that refuses the connection is 503 here, and 502 of an application load balancer. */
function statusOf({ status, targetStatus, ending }: AccessLine): number {
  return status === 502 && targetStatus === undefined && /^[Ss]C/.test(ending) ? 503 : status;
}

function seconds(ms: number | undefined): string {
  return ms === undefined ? '-1' : (ms / 1000).toFixed(6);
}
