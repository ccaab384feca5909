import { quote } from './quote.ts';
import { renderChecks, type RenderContext } from './render.ts';
import type { BalancerSpec } from '../../wire/balancer-spec.ts';

/** The socket in the balancer's directory through which TCP health checks reach targets. */
export const reachSocket = 'reach.sock';
/** The file in the balancer's directory with what says that a target has accepted a connection. */
export const reachScriptFile = 'reach.lua';
/**
 * A connection of a TCP health check stays silent once it stands, and so the balancer's process has to say that it does: rules of
 * responses are asked as soon as the target has accepted ("tcp-response content", HAProxy Configuration Manual).
 */
export const reachScript = "core.register_action('reached', { 'tcp-res' }, function(txn) txn.res:send('+') end)\n";

/** What loads the script, among the global settings. */
export function renderReachScript({ directory }: RenderContext): string {
  return `  lua-load ${quote(`${directory}/${reachScriptFile}`)}`;
}

/** As for other health checks, the PROXY header's destination is where to connect; what comes back is one byte, or the end. */
export function renderReach(spec: BalancerSpec, context: RenderContext): string[] {
  return renderChecks('reach', reachSocket, spec, context, 'tcp-response content lua.reached');
}
