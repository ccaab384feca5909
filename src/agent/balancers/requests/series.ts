import { parseArn } from '../../../base/arn.ts';
import { pointOf, type MetricDatum, type MetricDimension } from '../../../base/metric.ts';
import type { BalancerSpec } from '../../../wire/balancer-spec.ts';
import { balancerDimension, zoneDimension } from './dimensions.ts';

/** Whose a sample is, beside the load balancer's. */
export interface SampleOf {
  readonly zone?: string | undefined;
  readonly group?: MetricDimension | undefined;
}

/** By the type of the load balancer. */
const namespaces: Readonly<Record<BalancerSpec['type'], string>> = {
  application: 'AWS/ApplicationELB',
  network: 'AWS/NetworkELB',
  classic: 'AWS/ELB',
};

/** Gathers samples of a load balancer's metrics, as points of their minutes. */
export class SeriesOf {
  readonly #scope: { readonly account: string; readonly region: string; readonly namespace: string };
  readonly #balancer: MetricDimension;
  readonly #found = new Map<
    string,
    { datum: Omit<MetricDatum, 'point'>; at: number; unit: string; samples: Map<number, number> }
  >();

  constructor(spec: BalancerSpec) {
    const { account = '', region = '' } = parseArn(spec.loadBalancerArn) ?? {};
    this.#scope = { account, region, namespace: namespaces[spec.type] };
    this.#balancer = balancerDimension(spec);
  }

  /** A sample of the load balancer, or of its part that is named, and of nothing else. */
  add(at: number, name: string, unit: string, value: number, { zone, group }: SampleOf = {}): void {
    this.addAlone(
      at,
      name,
      unit,
      value,
      ...(zone === undefined ? [] : [zoneDimension(zone)]),
      this.#balancer,
      ...(group === undefined ? [] : [group]),
    );
  }

  /** A sample of the load balancer, of its zone, of its group, and of the group in the zone. */
  addToAll(at: number, name: string, unit: string, value: number, { zone, group }: SampleOf): void {
    for (const inZone of zone === undefined ? [{}] : [{}, { zone }]) {
      this.add(at, name, unit, value, inZone);
      if (group !== undefined) this.add(at, name, unit, value, { ...inZone, group });
    }
  }

  /** A sample of what has these dimensions and no others. */
  addAlone(at: number, name: string, unit: string, value: number, ...dimensions: readonly MetricDimension[]): void {
    const key = `${at} ${name} ${dimensions.map((each) => each.value).join(' ')}`;
    let found = this.#found.get(key);
    if (found === undefined) {
      const series = { ...this.#scope, name, dimensions };
      this.#found.set(key, (found = { datum: { series }, at, unit, samples: new Map() }));
    }
    found.samples.set(value, (found.samples.get(value) ?? 0) + 1);
  }

  data(): MetricDatum[] {
    return [...this.#found.values()].flatMap(({ datum, at, unit, samples }) => {
      const point = pointOf(at, unit, samples);
      return point === undefined ? [] : [{ ...datum, point }];
    });
  }
}
