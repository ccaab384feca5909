import type { MetricDatum } from '../base/metric.ts';

/** What a machine says of the requests that one of its load balancers had. */
export type RequestReport =
  | {
      readonly kind: 'metrics';
      readonly loadBalancerArn: string;
      /** Where the figures come from, and how far: one that is not beyond what was taken of the source is a repetition. */
      readonly source: { readonly id: string; readonly sequence: number };
      readonly data: readonly MetricDatum[];
    }
  | {
      /** The targets whose answers are odd, of all groups of the load balancer; all others are not. */
      readonly kind: 'anomalies';
      readonly loadBalancerArn: string;
      readonly targetGroupArns: readonly string[];
      readonly anomalous: readonly {
        readonly targetGroupArn: string;
        readonly id: string;
        readonly port: number;
        readonly mitigated: boolean;
      }[];
    }
  | {
      readonly kind: 'access-log';
      readonly loadBalancerArn: string;
      readonly bucket: string;
      /** The same for a repetition, which takes the place of the first. */
      readonly key: string;
      readonly body: Uint8Array;
    };
