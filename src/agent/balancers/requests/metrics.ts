import { parseArn } from '../../../base/arn.ts';
import { minuteOf, pointOf, type MetricDatum, type MetricDimension } from '../../../base/metric.ts';
import type { AccessLine } from '../../../drivers/balancer/access-line.ts';
import type { Connections } from '../../../drivers/balancer/driver.ts';
import { backendName } from '../../../drivers/balancer/names.ts';
import type { BalancerSpec, RuleSpec } from '../../../wire/balancer-spec.ts';
import { balancerDimension, groupDimension } from './dimensions.ts';
import { ruleOf } from './rule-of.ts';

/** How often each value came. */
type Samples = Map<number, number>;

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
    const both = (name: string, unit: string, value: number): void => {
      series.add(at, name, unit, value);
      if (ofGroup !== undefined) series.add(at, name, unit, value, ofGroup);
    };
    series.add(at, 'ProcessedBytes', 'Bytes', line.receivedBytes + line.sentBytes);
    const matched = ruleOf(spec, line);
    if (matched !== undefined) series.add(at, 'RuleEvaluations', 'Count', evaluations(spec, line, matched));
    if (line.targetStatus === undefined) ofBalancer(series, at, line, matched?.rule);
    else {
      both(`HTTPCode_Target_${Math.floor(line.targetStatus / 100)}XX_Count`, 'Count', 1);
      if (line.responseMs !== undefined) both('TargetResponseTime', 'Seconds', line.responseMs / 1000);
      if (group?.protocolVersion === 'GRPC') both('GrpcRequestCount', 'Count', 1);
    }
    // "Only incremented for requests where the load balancer node was able to choose a target."
    if (line.chosen !== undefined) both('RequestCount', 'Count', 1);
    if (line.chosen !== undefined && group !== undefined && ofGroup !== undefined) {
      const targets = group.targets.filter((target) => !target.draining).length;
      if (targets > 0) {
        series.add(at, 'RequestCountPerTarget', 'Count', 1 / targets, ofGroup);
        series.addAlone(at, 'RequestCountPerTarget', 'Count', 1 / targets, ofGroup);
      }
    }
    // The target refused the connection, or did not answer it in time: server side, while connecting.
    if (/^[Ss]C/.test(line.ending)) both('TargetConnectionErrorCount', 'Count', 1);
  }
  return series.data();
}

/** How many targets of each group are healthy and how many are not, of those that take requests. */
export function hostMetrics(spec: BalancerSpec, now: number): MetricDatum[] {
  const series = new SeriesOf(spec);
  for (const { targetGroupArn, targets } of spec.targetGroups) {
    const having = (health: string): number =>
      targets.filter(({ draining, lastHealth }) => !draining && lastHealth === health).length;
    const group = groupDimension(targetGroupArn);
    series.add(minuteOf(now), 'HealthyHostCount', 'Count', having('healthy'), group);
    series.add(minuteOf(now), 'UnHealthyHostCount', 'Count', having('unhealthy'), group);
  }
  return series.data();
}

/** The metrics of connections, of the minute in which they were counted. */
export function connectionMetrics(
  spec: BalancerSpec,
  { active, opened }: Pick<Connections, 'active' | 'opened'>,
  now: number,
): MetricDatum[] {
  const series = new SeriesOf(spec);
  series.add(minuteOf(now), 'ActiveConnectionCount', 'Count', active);
  series.add(minuteOf(now), 'NewConnectionCount', 'Count', opened);
  return series.data();
}

/** An answer of the load balancer itself. */
function ofBalancer(series: SeriesOf, at: number, { status }: AccessLine, rule: RuleSpec | undefined): void {
  const action = rule?.action.type;
  if (action === 'fixed-response') series.add(at, 'HTTP_Fixed_Response_Count', 'Count', 1);
  if (action === 'redirect') series.add(at, 'HTTP_Redirect_Count', 'Count', 1);
  if (status < 300) return;
  series.add(at, `HTTPCode_ELB_${Math.floor(status / 100)}XX_Count`, 'Count', 1);
  if ([500, 502, 503, 504].includes(status)) series.add(at, `HTTPCode_ELB_${status}_Count`, 'Count', 1);
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

class SeriesOf {
  readonly #scope: { readonly account: string; readonly region: string };
  readonly #balancer: MetricDimension;
  readonly #found = new Map<
    string,
    { datum: Omit<MetricDatum, 'point'>; at: number; unit: string; samples: Samples }
  >();

  constructor({ loadBalancerArn }: BalancerSpec) {
    const { account = '', region = '' } = parseArn(loadBalancerArn) ?? {};
    this.#scope = { account, region };
    this.#balancer = balancerDimension(loadBalancerArn);
  }

  add(at: number, name: string, unit: string, value: number, group?: MetricDimension): void {
    this.#add(at, name, unit, value, group === undefined ? [this.#balancer] : [this.#balancer, group]);
  }

  /** Of the group and no load balancer. */
  addAlone(at: number, name: string, unit: string, value: number, group: MetricDimension): void {
    this.#add(at, name, unit, value, [group]);
  }

  data(): MetricDatum[] {
    return [...this.#found.values()].flatMap(({ datum, at, unit, samples }) => {
      const point = pointOf(at, unit, samples);
      return point === undefined ? [] : [{ ...datum, point }];
    });
  }

  #add(at: number, name: string, unit: string, value: number, dimensions: readonly MetricDimension[]): void {
    const key = `${at} ${name} ${dimensions.map((each) => each.value).join(' ')}`;
    let found = this.#found.get(key);
    if (found === undefined) {
      const series = { ...this.#scope, namespace: 'AWS/ApplicationELB', name, dimensions };
      this.#found.set(key, (found = { datum: { series }, at, unit, samples: new Map() }));
    }
    found.samples.set(value, (found.samples.get(value) ?? 0) + 1);
  }
}
