import { parseArn } from '../../../base/arn.ts';
import type { AccessLine } from '../../../drivers/balancer/access-line.ts';
import { backendName } from '../../../drivers/balancer/names.ts';
import type { BalancerSpec, ListenerSpec, RuleSpec, TargetGroupSpec } from '../../../wire/balancer-spec.ts';
import { isoOfUs } from './log-keys.ts';
import { ruleOf } from './rule-of.ts';

/**
 * One request as an entry of an access log ("Access logs for your Application Load Balancer", ELB User Guide): its 33 fields in their
 * order. What nobody does here is `-`: there is no WAF, no Lambda target, and no classification of odd requests.
 */
export function accessLogEntry(spec: BalancerSpec, line: AccessLine): string {
  const listener = spec.listeners.find((each) => each.port === line.port);
  const group = spec.targetGroups.find((each) => backendName(each.targetGroupArn) === line.backend);
  const rule = ruleOf(spec, line)?.rule;
  const target = line.target ?? '-';
  const targetStatus = line.targetStatus ?? '-';
  const isTls = line.tls !== undefined;
  const action = rule?.action.type;
  return [
    typeOf(line, group),
    isoOfUs(line.endedUs),
    parseArn(spec.loadBalancerArn)?.resource.replace(/^loadbalancer\//, '') ?? spec.name,
    line.client,
    target,
    seconds(line.requestMs),
    seconds(line.responseMs),
    // What HAProxy has of an answer it sends on.
    line.responseMs === undefined ? '-1' : '0.000',
    line.status === 0 ? '-' : line.status,
    targetStatus,
    line.receivedBytes,
    line.sentBytes,
    quoted(requestOf(spec, line)),
    quoted(line.agent ?? '-'),
    line.tls?.cipher ?? '-',
    line.tls?.protocol ?? '-',
    group?.targetGroupArn ?? '-',
    quoted(line.trace ?? '-'),
    quoted(line.serverName ?? '-'),
    quoted(isTls ? certificateOf(listener, line) : '-'),
    line.method === '-' ? -1 : (line.rule ?? 0),
    isoOfUs(line.beganUs),
    quoted(action ?? '-'),
    quoted(action === 'redirect' ? (line.location ?? '-') : '-'),
    quoted('-'),
    quoted(target),
    quoted(String(targetStatus)),
    quoted('-'),
    quoted('-'),
    `TID_${line.connection.replaceAll('-', '')}`,
    ...transformed(rule, line),
  ].join(' ');
}

function typeOf({ status, tls, version }: AccessLine, group: TargetGroupSpec | undefined): string {
  if (status === 101) return tls === undefined ? 'ws' : 'wss';
  if (version === 'HTTP/2.0') return group?.protocolVersion === 'GRPC' ? 'grpcs' : 'h2';
  return tls === undefined ? 'http' : 'https';
}

/** `METHOD protocol://host:port/path?query version`. */
export function requestOf(spec: BalancerSpec, { method, tls, host, port, url, version }: AccessLine): string {
  const scheme = tls === undefined ? 'http' : 'https';
  const name = (host ?? spec.addresses[0] ?? '').replace(/:\d+$/, '');
  // Some clients ask with the whole address.
  const path = (url ?? '-').replace(/^https?:\/\/[^/?]*/, '');
  return `${method} ${scheme}://${name}:${port}${path} ${version === 'HTTP/2.0' ? 'HTTP/2.0' : version}`;
}

function certificateOf(listener: ListenerSpec | undefined, { certificate }: AccessLine): string {
  return listener?.tls?.shown?.find(({ sha1 }) => sha1 === certificate)?.certificateArn ?? '-';
}

/** The host, the URL and what became of the transforms: those are told only where a rule has some. */
function transformed(rule: RuleSpec | undefined, { status, targetStatus }: AccessLine): string[] {
  if (rule?.transforms === undefined) return ['"-"', '"-"', '"-"'];
  const failed = status === 500 && targetStatus === undefined;
  return ['"-"', '"-"', quoted(failed ? 'TransformProcessingFailure' : 'TransformSuccess')];
}

function seconds(ms: number | undefined): string {
  return ms === undefined ? '-1' : (ms / 1000).toFixed(3);
}

/** Whatever could end the field, or is not visible, as `\xHH`. */
export function quoted(text: string): string {
  return `"${text.replaceAll(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)}"`;
}
