import { DriverError } from '../../base/errors.ts';
import type { ActionSpec, BalancerSpec, ListenerSpec, TargetGroupSpec } from '../../wire/balancer-spec.ts';
import { renderStreamLog } from './connection-line.ts';
import { backendName, backendsOf, isIn, zonalName } from './names.ts';
import { renderReach, renderReachScript } from './render-reach.ts';
import { renderTls } from './render-tls.ts';
import {
  renderBinds,
  renderGlobal,
  renderProbe,
  renderServer,
  renderSource,
  section,
  zonesAsked,
  type RenderContext,
  type Rendered,
} from './render.ts';

/**
 * Renders what HAProxy does of a network load balancer: connections that end here and go on from the balancer's own address. Flows that
 * keep their client's address pass by the kernel, and have no listener here.
 */
export function renderNetwork(spec: BalancerSpec, context: RenderContext): Rendered {
  const head = [
    ...renderGlobal(context),
    renderReachScript(context),
    ...renderProbe(spec, context),
    ...renderReach(spec, context),
    ...renderDefaults(spec, context),
    ...spec.listeners.flatMap((listener) => renderListener(spec, listener, context)),
  ];
  const config = [...head];
  const structure = [...head];
  for (const group of spec.targetGroups.filter((each) => !isForwarded(each))) {
    for (const backend of backendsOf(group)) {
      const { name } = backend;
      const lines = renderBackend(spec, group, name);
      const targets = group.targets.filter((each) => isIn(backend, each));
      structure.push(...lines);
      config.push(...lines, ...targets.map((target) => renderServer(name, group, target, context.inRotation)));
    }
  }
  return { config: `${config.join('\n')}\n`, structure: `${structure.join('\n')}\n` };
}

/** Whether packets to a group's targets keep their client's address. */
export function isForwarded({ attributes }: TargetGroupSpec): boolean {
  return attributes['preserve_client_ip.enabled'] === 'true';
}

/** Whether the connections of TLS listeners are noted, for the access log. */
export function isLogged({ attributes }: BalancerSpec): boolean {
  return attributes['access_logs.s3.enabled'] === 'true';
}

/** ELB gives a connection to a target 10 s; one that it refuses costs nothing while another target accepts it. */
function renderDefaults(spec: BalancerSpec, context: RenderContext): string[] {
  return section('defaults', [
    'mode tcp',
    'timeout connect 10s',
    'retries 1',
    'option redispatch 1',
    renderSource(spec, context),
  ]);
}

function renderListener(spec: BalancerSpec, listener: ListenerSpec, context: RenderContext): string[] {
  const action = forwardOf(listener);
  const groups = action.targetGroups.flatMap(
    ({ targetGroupArn }) => spec.targetGroups.find((group) => group.targetGroupArn === targetGroupArn) ?? [],
  );
  if (groups.some(isForwarded)) return [];
  if (listener.protocol !== 'TCP' && listener.protocol !== 'TLS') {
    throw new DriverError(
      'fatal',
      `a listener of ${listener.protocol} cannot forward to a group that hides its clients`,
    );
  }
  const tls = renderTls(spec, listener, context.directory);
  return section(`frontend listener_${listener.port}`, [
    // Figures of each address.
    'option socket-stats',
    ...renderBinds(spec, listener, tls),
    `timeout client ${idleSeconds(listener)}s`,
    ...(listener.protocol === 'TLS' && isLogged(spec) ? renderStreamLog() : []),
    ...renderForward(spec, action, groups),
  ]);
}

/** The one rule of a listener. */
export function forwardOf({ port, rules }: ListenerSpec): Extract<ActionSpec, { type: 'forward' }> {
  const action = rules.at(-1)?.action;
  if (action?.type !== 'forward') throw new DriverError('fatal', `the listener on port ${port} forwards nowhere`);
  return action;
}

/** A weighted forward draws a number below the sum of the weights; then the address that was asked tells the zone. */
function renderForward(
  spec: BalancerSpec,
  { targetGroups }: Extract<ActionSpec, { type: 'forward' }>,
  groups: readonly TargetGroupSpec[],
): string[] {
  const weighted = targetGroups.filter(({ weight }) => weight > 0);
  if (weighted.length === 0) return ['tcp-request connection reject'];
  const total = weighted.reduce((sum, { weight }) => sum + weight, 0);
  const lines = weighted.length === 1 ? [] : [`tcp-request connection set-var(sess.draw) rand(${total})`];
  let below = 0;
  for (const { targetGroupArn, weight } of weighted) {
    below += weight;
    const drawn = weighted.length === 1 ? [] : [`{ var(sess.draw) -m int lt ${below} }`];
    const use = (backend: string, ...conditions: readonly string[]): string =>
      `use_backend ${backend}${conditions.length === 0 ? '' : ` if ${conditions.join(' ')}`}`;
    const name = backendName(targetGroupArn);
    if (groups.find((group) => group.targetGroupArn === targetGroupArn)?.zones === undefined) {
      lines.push(use(name, ...drawn));
      continue;
    }
    for (const { zone, when } of zonesAsked(spec)) lines.push(use(zonalName(name, zone), ...drawn, when));
  }
  return lines;
}

/** "Connection idle timeout" (ELB): 350 s unless a TCP listener says otherwise. */
export function idleSeconds({ attributes }: ListenerSpec): number {
  return Number(attributes['tcp.idle_timeout.seconds'] ?? 350);
}

/** A group may have several listeners, and the most patient decides for the targets' side. */
function renderBackend(spec: BalancerSpec, group: TargetGroupSpec, name: string): string[] {
  const idle = spec.listeners
    .filter((each) =>
      forwardOf(each).targetGroups.some(({ targetGroupArn }) => targetGroupArn === group.targetGroupArn),
    )
    .map(idleSeconds);
  return section(`backend ${name}`, [
    // "Sticky sessions" (ELB): by the client's address, and the same for as long as the targets are.
    ...(group.attributes['stickiness.enabled'] === 'true'
      ? ['balance source', 'hash-type consistent']
      : ['balance roundrobin']),
    `timeout server ${Math.max(...idle, 60)}s`,
  ]);
}
