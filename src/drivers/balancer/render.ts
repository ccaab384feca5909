import { isIPv4 } from 'node:net';
import { DriverError } from '../../base/errors.ts';
import type { BalancerSpec, ListenerSpec, TargetGroupSpec, TargetSpec, WaySpec } from '../../wire/balancer-spec.ts';
import { renderAccess } from './access-line.ts';
import { backendName, serverName } from './names.ts';
import { errorStatuses, pageOf } from './pages.ts';
import { literal, quote } from './quote.ts';
import { renderRules } from './render-rules.ts';
import { cookieTail, renderStickiness } from './render-stickiness.ts';
import { renderTls } from './render-tls.ts';

/** What the configuration needs beside the specification. */
export interface RenderContext {
  /** The balancer's directory: its probe socket and its page file are there. */
  readonly directory: string;
  /** Whether what the balancer sends comes from its own address; not on loopback, where no VPC is. */
  readonly sourceFromBalancer: boolean;
  /** Worker threads. */
  readonly threads: number;
  /** Client connections at once. */
  readonly maxConnections: number;
  /** The user and group that workers run as, when the master is root. */
  readonly runAs?: { readonly uid: number; readonly gid: number };
  /** The targets that start in rotation, as `backend/server`. */
  readonly inRotation: ReadonlySet<string>;
}

/** A configuration, and the part of it whose change needs a reload: everything but the servers of target groups. */
export interface Rendered {
  readonly config: string;
  readonly structure: string;
}

/** The file in the balancer's directory that answers a failed connection to a target: 502, where HAProxy says 503. */
export const badGatewayFile = 'bad-gateway.http';
/** The socket in the balancer's directory through which health checks reach targets. */
export const probeSocket = 'probe.sock';

/** Renders an application load balancer as an HAProxy configuration. Pure; what it cannot say is a fatal `DriverError`. */
export function render(spec: BalancerSpec, context: RenderContext): Rendered {
  try {
    const head = [
      ...renderGlobal(context),
      ...renderProbe(spec, context),
      ...renderDefaults(spec, context),
      ...spec.listeners.flatMap((listener) => renderListener(spec, listener, context)),
    ];
    const config = [...head];
    const structure = [...head];
    for (const group of spec.targetGroups) {
      const section = renderBackend(group, context);
      structure.push(...section);
      const backend = backendName(group.targetGroupArn);
      config.push(
        ...section,
        ...group.targets.map((target) => renderServer(backend, group, target, context.inRotation)),
      );
    }
    return { config: `${config.join('\n')}\n`, structure: `${structure.join('\n')}\n` };
  } catch (error) {
    if (error instanceof RangeError) throw new DriverError('fatal', error.message, { cause: error });
    throw error;
  }
}

/** What follows the name in a server's line and in `add server` alike. */
export function serverArguments(group: TargetGroupSpec, target: TargetSpec, way?: WaySpec): string {
  if (!isIPv4(target.address)) throw new DriverError('fatal', `${target.address} is not an IPv4 address`);
  if (way !== undefined) return `${target.address}${renderWay(way)}`;
  return `${target.address}:${target.port}${renderTowards(group)}${renderWeight(group)}${renderSlowStart(group)}`;
}

/** Of a group that draws by weight; shares of it are whole numbers. */
function renderWeight({ attributes }: TargetGroupSpec): string {
  return attributes['load_balancing.algorithm.type'] === 'weighted_random' ? ' weight 100' : '';
}

/**
 * How targets are spoken to: HTTPS and TLS take any certificate, as ELB does; without TLS nothing negotiates HTTP/2, so it is known. Of a
 * network load balancer they may be told who the client is ("The PROXY protocol").
 */
function renderTowards({ protocol, protocolVersion = 'HTTP1', attributes }: TargetGroupSpec): string {
  const isTls = protocol === 'HTTPS' || protocol === 'TLS';
  const version = protocolVersion === 'HTTP1' ? '' : isTls ? ' alpn h2' : ' proto h2';
  const header = attributes['proxy_protocol_v2.enabled'] === 'true' ? ' send-proxy-v2' : '';
  return `${isTls ? ' ssl verify none' : ''}${version}${header}`;
}

/** What follows the address of an instance of a Classic Load Balancer; it takes any certificate, too. */
export function renderWay({ protocol, port, proxyProtocol }: WaySpec): string {
  const isTls = protocol === 'HTTPS' || protocol === 'TLS';
  return `:${port}${isTls ? ' ssl verify none' : ''}${proxyProtocol === true ? ' send-proxy' : ''}`;
}

/** "Slow start mode" (ELB): a target that comes into rotation takes its full share only after so many seconds. */
function renderSlowStart({ attributes }: TargetGroupSpec): string {
  const seconds = Number(attributes['slow_start.duration_seconds'] ?? 0);
  return seconds === 0 ? '' : ` slowstart ${seconds}s`;
}

/** A section of the configuration. */
export function section(title: string, lines: readonly (string | false)[]): string[] {
  return [title, ...lines.filter((line) => line !== false).map((line) => `  ${line}`)];
}

/** What concerns the whole process. */
export function renderGlobal({ threads, maxConnections, runAs }: RenderContext): string[] {
  return section('global', [
    runAs !== undefined && `uid ${runAs.uid}`,
    runAs !== undefined && `gid ${runAs.gid}`,
    `nbthread ${threads}`,
    `maxconn ${maxConnections}`,
    // "Quotas for your Application Load Balancers": request line and single header 16 K, all headers 64 K.
    'tune.bufsize 65536',
    'tune.http.maxhdr 256',
  ]);
}

/**
 * Health checks come from the agent's process through this socket: the PROXY header's destination is where to connect, and
 * the connection leaves from the balancer's address, so that the target's security groups judge it.
 */
export function renderProbe(spec: BalancerSpec, context: RenderContext): string[] {
  return renderChecks('probe', probeSocket, spec, context);
}

/** A socket in the balancer's directory through which health checks go to where their PROXY header says, under further rules. */
export function renderChecks(
  name: string,
  socket: string,
  spec: BalancerSpec,
  context: RenderContext,
  ...rules: string[]
): string[] {
  return section(`listen ${name}`, [
    'mode tcp',
    // Longer than any health check may take: the checker decides what is too late.
    'timeout connect 125s',
    'timeout client 125s',
    'timeout server 125s',
    'retries 0',
    renderSource(spec, context),
    `bind ${quote(`unix@${context.directory}/${socket}`)} mode 600 accept-proxy`,
    ...rules,
    'server target 0.0.0.0:0',
  ]);
}

/** The address that the balancer's own connections come from. */
export function renderSource(spec: BalancerSpec, context: RenderContext): string | false {
  const [address] = spec.addresses;
  return context.sourceFromBalancer && address !== undefined && `source ${quote(address)}`;
}

/** The idle timeout counts on both sides ("Connection idle timeout", ELB); ELB gives a connection to a target 10 s. */
function renderDefaults(spec: BalancerSpec, context: RenderContext): string[] {
  const idle = `${Number(spec.attributes['idle_timeout.timeout_seconds'] ?? 60)}s`;
  return section('defaults', [
    'mode http',
    'timeout connect 10s',
    `timeout client ${idle}`,
    `timeout server ${idle}`,
    `timeout tunnel ${idle}`,
    `timeout http-keep-alive ${idle}`,
    'timeout http-request 60s',
    // A connection that waits for its next request gets that one answered before a reload closes it.
    'option idle-close-on-response',
    // A target that refuses the connection costs no request while another one accepts it.
    'retries 1',
    'option redispatch 1',
    renderSource(spec, context),
    ...errorStatuses.map((status) => `http-error status ${status} ${page(status)}`),
  ]);
}

function page(status: number): string {
  return `content-type text/html string ${quote(pageOf(status))} hdr Server awselb/2.0`;
}

function renderListener(spec: BalancerSpec, listener: ListenerSpec, context: RenderContext): string[] {
  if (listener.protocol !== 'HTTP' && listener.protocol !== 'HTTPS') {
    throw new DriverError('fatal', `${listener.protocol} listeners are not served yet`);
  }
  const tls = renderTls(spec, listener, context.directory);
  const { decide, answer, forward } = renderRules(listener);
  return section(`frontend listener_${listener.port}`, [
    // Figures of each address.
    'option socket-stats',
    ...renderBinds(spec, listener, tls),
    ...renderKeepAlive(spec),
    ...renderAccess(listener.protocol === 'HTTPS'),
    ...renderTrace(),
    ...decide,
    ...answer,
    ...renderHost(spec, listener),
    ...renderForwarded(spec, listener),
    ...renderTlsHeaders(spec, listener),
    ...renderResponseHeaders(listener),
    listener.rules.some(({ action }) => action.type === 'redirect') &&
      'http-after-response set-var(txn.location) res.hdr(location),url_enc if { status 301:302 } !{ var(txn.status) -m found }',
    listener.rules.some(({ action }) => action.type === 'forward' && action.stickinessSeconds !== undefined) &&
      `http-response add-header Set-Cookie "AWSALBTG=%[be_name,concat(~,txn.group_until),base64]; ${cookieTail}" if { var(txn.group_until) -m found }`,
    ...forward,
  ]);
}

/** Where a listener listens: on all addresses of the load balancer, by whose names it has figures, and by whose numbers zones. */
export function renderBinds({ addresses, type }: BalancerSpec, { port }: ListenerSpec, tls: string): string[] {
  return addresses.map((address, index) => {
    if (!isIPv4(address)) throw new DriverError('fatal', `${address} is not an IPv4 address`);
    return `bind ${address}:${port} name ${address}${type === 'application' ? '' : ` id ${index + 1}`}${tls}`;
  });
}

/**
 * The zones of the load balancer's addresses, each with the condition that tells that its address was asked. HAProxy's `dst` would not: it is
 * what the client asked for, before the network made of a public address the private one.
 */
export function zonesAsked({ addresses, zones }: BalancerSpec): { readonly zone: string; readonly when: string }[] {
  return addresses.flatMap((address, index) => {
    const zone = zones?.[address];
    return zone === undefined ? [] : [{ zone, when: `{ so_id ${index + 1} }` }];
  });
}

/**
 * "Host header preservation" (ELB): unless it is preserved, a listener on port 80 or 443 takes the port out of it, and one
 * on another port appends its own where there is none.
 */
function renderHost({ attributes }: BalancerSpec, listener: ListenerSpec): string[] {
  if (attributes['routing.http.preserve_host_header.enabled'] === 'true') return [];
  const said = '{ req.fhdr(Host) -m sub : }';
  return listener.port === 80 || listener.port === 443
    ? [`http-request set-header Host %[req.fhdr(Host),field(1,:)] if ${said}`]
    : [`http-request set-header Host %[req.fhdr(Host)]:${listener.port} if { req.fhdr(Host) -m found } !${said}`];
}

/** "HTTP headers and Application Load Balancers" (ELB): X-Forwarded-For grows by one address, the others are replaced. */
export function renderForwarded({ attributes }: BalancerSpec, listener: ListenerSpec): (string | false)[] {
  const mode = attributes['routing.http.xff_header_processing.mode'] ?? 'append';
  const client = attributes['routing.http.xff_client_port.enabled'] === 'true' ? '%[src]:%[src_port]' : '%[src]';
  const single = '{ req.fhdr_cnt(X-Forwarded-For) -m int 1 }';
  return [
    attributes['routing.http.drop_invalid_header_fields.enabled'] === 'true' &&
      `http-request del-header ${quote('[^A-Za-z0-9-]')} -m reg`,
    mode === 'remove' && 'http-request del-header X-Forwarded-For',
    mode === 'append' &&
      `http-request set-header X-Forwarded-For "%[req.fhdr(X-Forwarded-For)], ${client}" if ${single}`,
    mode === 'append' && `http-request add-header X-Forwarded-For ${client} unless ${single}`,
    `http-request set-header X-Forwarded-Proto ${listener.protocol.toLowerCase()}`,
    `http-request set-header X-Forwarded-Port ${listener.port}`,
  ];
}

/** "HTTP headers and Application Load Balancers": how the client's connection was negotiated, where that is asked for. */
function renderTlsHeaders({ attributes }: BalancerSpec, { protocol }: ListenerSpec): string[] {
  if (attributes['routing.http.x_amzn_tls_version_and_cipher_suite.enabled'] !== 'true') return [];
  if (protocol !== 'HTTPS')
    return ['http-request del-header X-Amzn-Tls-Version', 'http-request del-header X-Amzn-Tls-Cipher-Suite'];
  return [
    'http-request set-header X-Amzn-Tls-Version %[ssl_fc_protocol]',
    'http-request set-header X-Amzn-Tls-Cipher-Suite %[ssl_fc_cipher]',
  ];
}

/** "Request tracing" (ELB): a `Root` of time and 96 random bits where there is none, else a `Self` in front. */
function renderTrace(): string[] {
  const id = '1-%[unique-id,lower]-%[uuid,regsub(-,,g),bytes(0,24)]';
  const traced = '{ req.hdr(X-Amzn-Trace-Id) -m sub Root= }';
  return [
    'unique-id-format %{+X}Ts',
    `http-request set-header X-Amzn-Trace-Id "Self=${id};%[req.hdr(X-Amzn-Trace-Id)]" if ${traced}`,
    `http-request set-header X-Amzn-Trace-Id "Root=${id}" unless ${traced}`,
    'http-request set-var(txn.trace) req.hdr(x-amzn-trace-id),url_enc',
  ];
}

/** "HTTP client keepalive duration" (ELB): how old a client's connection may get. */
function renderKeepAlive({ attributes }: BalancerSpec): string[] {
  const seconds = Number(attributes['client_keep_alive.seconds'] ?? 3600);
  return [
    `tcp-request connection set-var(sess.until) date(${seconds})`,
    'http-after-response set-header Connection close if { date,sub(sess.until) -m int gt 0 }',
  ];
}

const algorithms: Readonly<Record<string, string>> = {
  round_robin: 'roundrobin',
  least_outstanding_requests: 'leastconn',
  weighted_random: 'random',
};

function renderBackend(group: TargetGroupSpec, context: RenderContext): string[] {
  if (group.protocol !== 'HTTP' && group.protocol !== 'HTTPS') {
    throw new DriverError('fatal', `an application load balancer does not forward to ${group.protocol} target groups`);
  }
  return section(`backend ${backendName(group.targetGroupArn)}`, [
    `balance ${algorithms[group.attributes['load_balancing.algorithm.type'] ?? 'round_robin'] ?? 'roundrobin'}`,
    // A group without a usable target answers 503; a target that refuses the connection, 502 ("Troubleshoot", ELB).
    // Not `nbsrv`: that is 0 in a worker that finishes after a reload. Servers without a limit make this -1.
    `http-request return status 503 ${page(503)} if { be_conn_free(${backendName(group.targetGroupArn)}) -m int 0 }`,
    `errorfile 503 ${quote(`${context.directory}/${badGatewayFile}`)}`,
    // A setting of servers, which are no part of the structure: those that there are get it by a reload.
    renderSlowStart(group) !== '' && `#${renderSlowStart(group)}`,
    ...renderVersions(group),
    ...renderStickiness(group),
  ]);
}

/**
 * "HTTP 464" ("Troubleshoot your Application Load Balancers"): the request's protocol does not go with the version of the
 * target group. HTTP/2 is made HTTP/1.1 for targets that speak that, never the other way round.
 */
function renderVersions({ protocolVersion = 'HTTP1' }: TargetGroupSpec): string[] {
  const refuse = `http-request return status 464 ${page(464)}`;
  switch (protocolVersion) {
    case 'HTTP1':
      return [`${refuse} if { fc_http_major 2 } { req.hdr(content-type) -m beg application/grpc }`];
    case 'HTTP2':
      return [`${refuse} unless { fc_http_major 2 }`];
    case 'GRPC':
      return [`${refuse} unless { fc_http_major 2 } METH_POST`];
    default:
      return protocolVersion satisfies never;
  }
}

/** "HTTP header modification" (ELB): a listener may drop the server's name and set headers that browsers heed. */
function renderResponseHeaders({ attributes }: ListenerSpec): string[] {
  const lines = Object.entries(attributes).flatMap(([key, value]) => {
    const name = /^routing\.http\.response\.(\w+)\.header_value$/.exec(key)?.[1];
    if (name === undefined || value === '') return [];
    return [`http-after-response set-header ${name.replaceAll('_', '-')} ${quote(literal(value))}`];
  });
  if (attributes['routing.http.response.server.enabled'] === 'false')
    lines.push('http-after-response del-header Server');
  return lines;
}

/** A server of a backend's section. */
export function renderServer(
  backend: string,
  group: TargetGroupSpec,
  target: TargetSpec,
  inRotation: ReadonlySet<string>,
  way?: WaySpec,
): string {
  const name = serverName(target);
  const state = inRotation.has(`${backend}/${name}`) ? '' : ' disabled';
  return `  server ${name} ${serverArguments(group, target, way)}${state}`;
}
