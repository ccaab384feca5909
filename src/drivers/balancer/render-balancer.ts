import { DriverError } from '../../base/errors.ts';
import type { BalancerSpec } from '../../wire/balancer-spec.ts';
import { renderClassic } from './render-classic.ts';
import { renderNetwork } from './render-network.ts';
import { render, type RenderContext, type Rendered } from './render.ts';

/** Renders a load balancer of any type as an HAProxy configuration. Pure; what it cannot say is a fatal `DriverError`. */
export function renderBalancer(spec: BalancerSpec, context: RenderContext): Rendered {
  if (spec.type === 'application') return render(spec, context);
  try {
    return spec.type === 'network' ? renderNetwork(spec, context) : renderClassic(spec, context);
  } catch (error) {
    if (error instanceof RangeError) throw new DriverError('fatal', error.message, { cause: error });
    throw error;
  }
}
