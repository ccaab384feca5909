import { minuteOf, type MetricDatum } from '../../../base/metric.ts';
import type { FlowReport } from '../../../drivers/balancer/driver.ts';
import type { BalancerSpec } from '../../../wire/balancer-spec.ts';
import { SeriesOf } from './series.ts';

/**
 * The metrics of a network load balancer's flows ("CloudWatch metrics for your Network Load Balancer", ELB User Guide), each one sample of
 * the minute in which they were counted: of the load balancer, and of the zone of each address. What did not happen is not told,
 * but that no flow is open.
 */
export function flowMetrics(spec: BalancerSpec, { figures, active }: FlowReport, now: number): MetricDatum[] {
  const at = minuteOf(now);
  const units = new Map<string, string>();
  const sums = new Map<string, Map<string | undefined, number>>();
  const count = (name: string, unit: string, address: string, value: number): void => {
    units.set(name, unit);
    const sum = sums.get(name) ?? new Map<string | undefined, number>();
    sums.set(name, sum);
    const zone = spec.zones?.[address];
    for (const each of new Set([undefined, zone])) sum.set(each, (sum.get(each) ?? 0) + value);
  };
  const countBoth = (name: string, unit: string, address: string, protocol: string, value: number): void => {
    count(name, unit, address, value);
    count(`${name}_${protocol}`, unit, address, value);
  };
  for (const each of figures) {
    const { address, protocol } = each;
    countBoth('NewFlowCount', 'Count', address, protocol, each.opened);
    countBoth('ProcessedBytes', 'Bytes', address, protocol, each.bytes);
    count('ProcessedPackets', 'Count', address, each.packets);
    count('TCP_Client_Reset_Count', 'Count', address, each.clientResets);
    count('TCP_Target_Reset_Count', 'Count', address, each.targetResets);
    count('TCP_ELB_Reset_Count', 'Count', address, each.balancerResets);
  }
  for (const { address, protocol, flows } of active) {
    countBoth('ActiveFlowCount', 'Count', address, protocol, flows);
  }
  const series = new SeriesOf(spec);
  for (const [name, sum] of sums) {
    for (const [zone, value] of sum) {
      if (value > 0 || name.startsWith('ActiveFlowCount')) series.add(at, name, units.get(name) ?? '', value, { zone });
    }
  }
  return series.data();
}
