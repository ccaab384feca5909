import { minuteOf, type MetricDatum } from '../../../base/metric.ts';
import type { AccessLine } from '../../../drivers/balancer/access-line.ts';
import type { Connections } from '../../../drivers/balancer/driver.ts';
import { backendName } from '../../../drivers/balancer/names.ts';
import type { BalancerSpec, RuleSpec, TargetSpec } from '../../../wire/balancer-spec.ts';
import { groupDimension } from './dimensions.ts';
import { ruleOf } from './rule-of.ts';
import { SeriesOf } from './series.ts';

/**
 * The metrics of some requests ("CloudWatch metrics for your Application Load Balancer", ELB User Guide), each in the minute in
 * which it ended. `targetGroups` maps the backends that lines name; those of groups that are gone count for the load balancer alone.
 */
export function requestMetrics(spec: BalancerSpec, lines: readonly AccessLine[]): MetricDatum[] {
  const series = new SeriesOf(spec);
  const groups = new Map(spec.targetGroups.map((group) => [backendName(group.targetGroupArn), group]));
  for (const line of lines) {
    const at = minuteOf(line.endedUs / 1000);
    const group = groups.get(line.backend);
    const ofGroup = group && groupDimension(group.targetGroupArn);
    const zone = spec.zones?.[line.address ?? ''];
    const all = (name: string, unit: string, value: number): void =>
      series.addToAll(at, name, unit, value, { zone, group: ofGroup });
    series.add(at, 'ProcessedBytes', 'Bytes', line.receivedBytes + line.sentBytes);
    const matched = ruleOf(spec, line);
    if (matched !== undefined) series.add(at, 'RuleEvaluations', 'Count', evaluations(spec, line, matched));
    if (line.targetStatus === undefined) ofBalancer(series, at, line, { zone, rule: matched?.rule });
    else {
      all(`HTTPCode_Target_${Math.floor(line.targetStatus / 100)}XX_Count`, 'Count', 1);
      if (line.responseMs !== undefined) all('TargetResponseTime', 'Seconds', line.responseMs / 1000);
      if (group?.protocolVersion === 'GRPC') all('GrpcRequestCount', 'Count', 1);
    }
    // "Only incremented for requests where the load balancer node was able to choose a target."
    if (line.chosen !== undefined) all('RequestCount', 'Count', 1);
    if (line.chosen !== undefined && group !== undefined && ofGroup !== undefined) {
      const targets = group.targets.filter((target) => !target.draining).length;
      if (targets > 0) {
        series.add(at, 'RequestCountPerTarget', 'Count', 1 / targets, { group: ofGroup });
        series.addAlone(at, 'RequestCountPerTarget', 'Count', 1 / targets, ofGroup);
      }
    }
    // The target refused the connection, or did not answer it in time: server side, while connecting.
    if (/^[Ss]C/.test(line.ending)) all('TargetConnectionErrorCount', 'Count', 1);
  }
  return series.data();
}

/**
 * How many targets of each group are healthy and how many are not, of those that take requests: of the group, and of each zone that targets
 * are in. A load balancer that is a target is not counted ("CloudWatch metrics for your Network Load Balancer").
 */
export function hostMetrics(spec: BalancerSpec, now: number): MetricDatum[] {
  const series = new SeriesOf(spec);
  for (const { targetGroupArn, targets } of spec.targetGroups) {
    const hosts = targets.filter(({ draining, id }) => !draining && !id.startsWith('arn:'));
    const zones = new Set(hosts.flatMap(({ zone }) => zone ?? []));
    const group = groupDimension(targetGroupArn);
    const tell = (of: readonly TargetSpec[], zone?: string): void => {
      const having = (health: string): number => of.filter(({ lastHealth }) => lastHealth === health).length;
      series.add(minuteOf(now), 'HealthyHostCount', 'Count', having('healthy'), { zone, group });
      series.add(minuteOf(now), 'UnHealthyHostCount', 'Count', having('unhealthy'), { zone, group });
    };
    tell(hosts);
    for (const zone of zones) {
      tell(
        hosts.filter((host) => host.zone === zone),
        zone,
      );
    }
  }
  return series.data();
}

/** The metrics of connections, of the minute in which they were counted. */
export function connectionMetrics(spec: BalancerSpec, connections: Connections, now: number): MetricDatum[] {
  const { active, opened, tlsErrors, targetTlsErrors } = connections;
  const series = new SeriesOf(spec);
  const at = minuteOf(now);
  // Those of a network load balancer are flows, which the kernel counts.
  if (spec.type === 'application') {
    series.add(at, 'ActiveConnectionCount', 'Count', active);
    series.add(at, 'NewConnectionCount', 'Count', opened);
  }
  let failed = 0;
  for (const { address, count } of tlsErrors) {
    failed += count;
    const zone = spec.zones?.[address];
    if (count > 0 && zone !== undefined) series.add(at, 'ClientTLSNegotiationErrorCount', 'Count', count, { zone });
  }
  if (failed > 0) series.add(at, 'ClientTLSNegotiationErrorCount', 'Count', failed);
  if (targetTlsErrors > 0) series.add(at, 'TargetTLSNegotiationErrorCount', 'Count', targetTlsErrors);
  return series.data();
}

/** An answer of the load balancer itself. */
function ofBalancer(
  series: SeriesOf,
  at: number,
  { status }: AccessLine,
  { zone, rule }: { readonly zone: string | undefined; readonly rule: RuleSpec | undefined },
): void {
  const add = (name: string): void => series.addToAll(at, name, 'Count', 1, { zone });
  const action = rule?.action.type;
  if (action === 'fixed-response') add('HTTP_Fixed_Response_Count');
  if (action === 'redirect') add('HTTP_Redirect_Count');
  if (status < 300) return;
  add(`HTTPCode_ELB_${Math.floor(status / 100)}XX_Count`);
  if ([500, 502, 503, 504].includes(status)) add(`HTTPCode_ELB_${status}_Count`);
}

/** Rules are asked in their order up to the one that matches; of the default rule nothing is asked. */
function evaluations(
  { listeners }: BalancerSpec,
  { port, rule }: AccessLine,
  matched: { readonly at: number },
): number {
  const count = listeners.find((listener) => listener.port === port)?.rules.length ?? 0;
  return rule === undefined ? Math.max(0, count - 1) : matched.at + 1;
}
