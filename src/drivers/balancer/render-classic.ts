import { DriverError } from '../../base/errors.ts';
import type { BalancerSpec, ListenerSpec } from '../../wire/balancer-spec.ts';
import { renderAccess, renderConnectionAccess } from './access-line.ts';
import { backendName, backendsOf, isIn, wayName, zonalName, type Backend } from './names.ts';
import { errorStatuses } from './pages.ts';
import { renderReach, renderReachScript } from './render-reach.ts';
import { renderClassicStickiness } from './render-stickiness.ts';
import { renderTls } from './render-tls.ts';
import {
  renderBinds,
  renderForwarded,
  renderGlobal,
  renderProbe,
  renderServer,
  renderSource,
  renderWay,
  section,
  zonesAsked,
  type RenderContext,
  type Rendered,
} from './render.ts';

/**
 * Renders a Classic Load Balancer: each listener has a backend of its own (one for each zone, unless traffic crosses zones), with the same
 * instances in all of them, at the port that the listener goes on to.
 */
export function renderClassic(spec: BalancerSpec, context: RenderContext): Rendered {
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
  for (const group of spec.targetGroups) {
    for (const backend of backendsOf(group)) {
      const lines = renderBackend(spec, backend);
      const targets = group.targets.filter((target) => isIn(backend, target));
      structure.push(...lines);
      config.push(
        ...lines,
        ...targets.map((target) => renderServer(backend.name, group, target, context.inRotation, backend.way)),
      );
    }
  }
  return { config: `${config.join('\n')}\n`, structure: `${structure.join('\n')}\n` };
}

/** The idle timeout counts on both sides ("Configure the idle connection timeout for your Classic Load Balancer"). */
function renderDefaults(spec: BalancerSpec, context: RenderContext): string[] {
  const idle = idleOf(spec);
  return section('defaults', [
    'mode tcp',
    'timeout connect 10s',
    `timeout client ${idle}`,
    `timeout server ${idle}`,
    `timeout tunnel ${idle}`,
    // An instance that refuses the connection costs nothing while another one accepts it.
    'retries 1',
    'option redispatch 1',
    renderSource(spec, context),
  ]);
}

function idleOf({ attributes }: BalancerSpec): string {
  return `${Number(attributes['idle_timeout.timeout_seconds'] ?? 60)}s`;
}

function renderListener(spec: BalancerSpec, listener: ListenerSpec, context: RenderContext): string[] {
  const isHttp = listener.protocol === 'HTTP' || listener.protocol === 'HTTPS';
  const isTls = listener.protocol === 'HTTPS' || listener.protocol === 'TLS';
  return section(`frontend listener_${listener.port}`, [
    ...renderBinds(spec, listener, renderTls(spec, listener, context.directory)),
    ...(isHttp
      ? [
          'mode http',
          `timeout http-keep-alive ${idleOf(spec)}`,
          'timeout http-request 60s',
          // A connection that waits for its next request gets that one answered before a reload closes it.
          'option idle-close-on-response',
          // "HTTP 4xx/5xx" ("Troubleshoot a Classic Load Balancer"): answers of its own have no body.
          ...errorStatuses.map((status) => `http-error status ${status}`),
          ...renderAccess(isTls),
          ...renderForwarded(spec, listener),
        ]
      : renderConnectionAccess(isTls)),
    ...renderForward(spec, listener),
  ]);
}

/** To the listener's backend; where traffic stays in its zone, the address that was asked tells which. */
function renderForward(spec: BalancerSpec, listener: ListenerSpec): string[] {
  const [group] = spec.targetGroups;
  const way = group?.ways?.find(({ listenerPort }) => listenerPort === listener.port);
  if (group === undefined || way === undefined) {
    throw new DriverError('fatal', `the listener on port ${listener.port} forwards nowhere`);
  }
  const name = wayName(backendName(group.targetGroupArn), way);
  if (group.zones === undefined) return [`default_backend ${name}`];
  return zonesAsked(spec).map(({ zone, when }) => `use_backend ${zonalName(name, zone)} if ${when}`);
}

/** "Routing algorithm" (How Elastic Load Balancing works): least outstanding requests for HTTP and HTTPS, round robin for TCP. */
function renderBackend(spec: BalancerSpec, { name, way }: Backend): string[] {
  if (way === undefined) throw new DriverError('fatal', `no listener goes on to ${name}`);
  const listener = spec.listeners.find(({ port }) => port === way.listenerPort);
  const isHttp = way.protocol === 'HTTP' || way.protocol === 'HTTPS';
  return section(`backend ${name}`, [
    // A setting of servers, which are no part of the structure: those that there are get it by a reload.
    `# ${renderWay(way)}`,
    isHttp && 'mode http',
    `balance ${isHttp ? 'leastconn' : 'roundrobin'}`,
    ...(isHttp ? renderClassicStickiness(way, listener?.protocol === 'HTTPS') : []),
  ]);
}
