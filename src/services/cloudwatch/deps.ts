import type { MetricStore } from '../../store/metrics/metric-store.ts';
import type { ServiceDeps } from '../deps.ts';

/** What CloudWatch is made from. */
export type CloudWatchDeps = ServiceDeps & { readonly metrics: Pick<MetricStore, 'put' | 'read' | 'list'> };
