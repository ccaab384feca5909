import { expect, test } from 'vitest';
import type { BalancerSpec, TargetGroupSpec, WaySpec } from '../../wire/balancer-spec.ts';
import { planServers } from './reconcile.ts';
import { renderBalancer } from './render-balancer.ts';
import { classicSpec, forwardTo, groupSpec, listenerSpec, targetSpec } from './spec-for-tests.ts';

const context = {
  directory: '/lb',
  sourceFromBalancer: true,
  threads: 1,
  maxConnections: 100,
  inRotation: new Set<string>(),
};
const instance = targetSpec(1, { id: 'i-1', address: '10.0.0.1', zone: 'a' });
const groupOf = (ways: readonly WaySpec[], over: Partial<TargetGroupSpec> = {}): TargetGroupSpec =>
  groupSpec('web', [instance], { protocol: 'TCP', ways, ...over });
const specOf = (ways: readonly WaySpec[], over: Partial<BalancerSpec> = {}): BalancerSpec => {
  const group = groupOf(ways);
  const listeners = ways.map(({ listenerPort, protocol }) => ({
    ...listenerSpec(listenerPort, forwardTo(group)),
    protocol: protocol === 'HTTP' || protocol === 'HTTPS' ? ('HTTP' as const) : ('TCP' as const),
  }));
  return classicSpec({ name: 'web', listeners, targetGroups: [group], ...over });
};
/** The lines of a section. */
const sectionOf = (spec: BalancerSpec, title: string): string[] => {
  const lines = renderBalancer(spec, context).config.split('\n');
  const from = lines.indexOf(title);
  if (from === -1) throw new Error(`there is no ${title}`);
  const to = lines.findIndex((line, index) => index > from && !line.startsWith(' '));
  return lines.slice(from + 1, to).map((line) => line.trim());
};
const backend = 'backend tg_web_0123456789abcdef';

test.each<[WaySpec['protocol'], string, string[]]>([
  ['HTTP', '10.0.0.1:8080 disabled', ['mode http', 'balance leastconn']],
  ['HTTPS', '10.0.0.1:8080 ssl verify none disabled', ['mode http', 'balance leastconn']],
  ['TCP', '10.0.0.1:8080 disabled', ['balance roundrobin']],
  ['TLS', '10.0.0.1:8080 ssl verify none disabled', ['balance roundrobin']],
])('a listener goes on by %s to its port of each instance', (protocol, server, lines) => {
  const spec = specOf([{ listenerPort: 80, protocol, port: 8080 }]);
  expect(sectionOf(spec, `${backend}.80`)).toEqual([
    expect.stringMatching(/^# :8080/),
    ...lines,
    `server i-1:1:10.0.0.1 ${server}`,
  ]);
  expect(sectionOf(spec, 'frontend listener_80')).toContain('default_backend tg_web_0123456789abcdef.80');
});

test('requests are forwarded with who asked and how, connections are not touched; both are noted', () => {
  const spec = specOf([
    { listenerPort: 80, protocol: 'HTTP', port: 8080 },
    { listenerPort: 22, protocol: 'TCP', port: 22, proxyProtocol: true },
  ]);
  const http = sectionOf(spec, 'frontend listener_80');
  expect(http).toContain('http-request set-header X-Forwarded-Proto http');
  expect(http).toContain('http-request set-header X-Forwarded-Port 80');
  expect(http.some((line) => /trace/i.test(line) && line.startsWith('http-request'))).toBe(false);
  const tcp = sectionOf(spec, 'frontend listener_22');
  expect(tcp.filter((line) => line.startsWith('http-'))).toEqual([]);
  for (const lines of [http, tcp]) expect(lines).toContain('log stdout len 16384 format raw local0');
  expect(sectionOf(spec, `${backend}.22`).at(-1)).toBe('server i-1:1:10.0.0.1 10.0.0.1:22 send-proxy disabled');
});

test('the idle timeout counts on both sides', () => {
  const spec = specOf([{ listenerPort: 80, protocol: 'HTTP', port: 8080 }], {
    attributes: { 'idle_timeout.timeout_seconds': '7' },
  });
  const defaults = sectionOf(spec, 'defaults');
  for (const side of ['client', 'server', 'tunnel']) expect(defaults).toContain(`timeout ${side} 7s`);
  expect(sectionOf(spec, 'frontend listener_80')).toContain('timeout http-keep-alive 7s');
});

test('each address sends to the instances of its own zone unless traffic crosses zones', () => {
  const ways: WaySpec[] = [{ listenerPort: 80, protocol: 'HTTP', port: 8080 }];
  const group = groupOf(ways, { zones: ['a', 'b'] });
  const spec = specOf(ways, {
    addresses: ['10.0.0.8', '10.0.1.8'],
    zones: { '10.0.0.8': 'a', '10.0.1.8': 'b' },
    targetGroups: [group],
  });
  const listener = sectionOf(spec, 'frontend listener_80');
  expect(listener.slice(0, 2)).toEqual(['bind 10.0.0.8:80 name 10.0.0.8 id 1', 'bind 10.0.1.8:80 name 10.0.1.8 id 2']);
  expect(listener).toContain('use_backend tg_web_0123456789abcdef.80.a if { so_id 1 }');
  expect(listener).toContain('use_backend tg_web_0123456789abcdef.80.b if { so_id 2 }');
  expect(sectionOf(spec, `${backend}.80.a`).at(-1)).toMatch(/^server i-1/);
  expect(sectionOf(spec, `${backend}.80.b`).filter((line) => line.startsWith('server'))).toEqual([]);
});

test('an instance is a server of every listener, with what that one goes on to', () => {
  const spec = specOf([
    { listenerPort: 80, protocol: 'HTTP', port: 8080 },
    { listenerPort: 81, protocol: 'HTTPS', port: 8443 },
  ]);
  expect(planServers(spec, []).map((step) => (step.kind === 'add' ? [step.backend, step.way?.port] : []))).toEqual([
    ['tg_web_0123456789abcdef.80', 8080],
    ['tg_web_0123456789abcdef.81', 8443],
  ]);
});

test.each<[string, WaySpec, WaySpec]>([
  ['port', { listenerPort: 80, protocol: 'HTTP', port: 1 }, { listenerPort: 80, protocol: 'HTTP', port: 2 }],
  ['protocol', { listenerPort: 80, protocol: 'TCP', port: 1 }, { listenerPort: 80, protocol: 'TLS', port: 1 }],
  [
    'header',
    { listenerPort: 80, protocol: 'TCP', port: 1 },
    { listenerPort: 80, protocol: 'TCP', port: 1, proxyProtocol: true },
  ],
])('another %s of instances needs a reload', (_, before, after) => {
  const structureOf = (way: WaySpec): string => renderBalancer(specOf([way]), context).structure;
  expect(structureOf(before)).not.toBe(structureOf(after));
});

test('a listener that goes nowhere is refused', () => {
  expect(() =>
    renderBalancer(specOf([{ listenerPort: 80, protocol: 'HTTP', port: 1 }], { targetGroups: [] }), context),
  ).toThrow(/forwards nowhere/);
});
