import { expect, test } from 'vitest';
import type { BalancerSpec } from '../../wire/balancer-spec.ts';
import { renderBalancer } from './render-balancer.ts';
import { forwardTo, groupSpec, listenerSpec, networkSpec, targetSpec } from './spec-for-tests.ts';

const context = {
  directory: '/lb',
  sourceFromBalancer: true,
  threads: 2,
  maxConnections: 100,
  inRotation: new Set<string>(),
};
/** The lines of a section. */
const sectionOf = (spec: BalancerSpec, title: string): string[] => {
  const lines = renderBalancer(spec, context).config.split('\n');
  const from = lines.indexOf(title);
  if (from === -1) throw new Error(`there is no ${title}`);
  const to = lines.findIndex((line, index) => index > from && !line.startsWith(' '));
  return lines.slice(from + 1, to).map((line) => line.trim());
};
const tcp = (
  port: number,
  ...rules: Parameters<typeof listenerSpec> extends [number, ...infer Rest] ? Rest : never
) => ({
  ...listenerSpec(port, ...rules),
  protocol: 'TCP' as const,
});

test('a connection ends here and goes on from the balancer, to healthy targets in turn', () => {
  const group = groupSpec('tcp', [targetSpec(8080)], { protocol: 'TCP' });
  const spec = networkSpec({ name: 'n', listeners: [tcp(80, forwardTo(group))], targetGroups: [group] });
  expect(sectionOf(spec, 'defaults')).toContain('mode tcp');
  expect(sectionOf(spec, 'frontend listener_80')).toEqual([
    'option socket-stats',
    'bind 127.0.0.1:80 name 127.0.0.1 id 1',
    'timeout client 350s',
    'use_backend tg_tcp_0123456789abcdef',
  ]);
  expect(sectionOf(spec, 'backend tg_tcp_0123456789abcdef')).toEqual([
    'balance roundrobin',
    'timeout server 350s',
    'server 127.0.0.1:8080 127.0.0.1:8080 disabled',
  ]);
});

test('sticks to the client, tells its address, encrypts again, and waits as long as the listener says', () => {
  const attributes = { 'stickiness.enabled': 'true', 'proxy_protocol_v2.enabled': 'true' };
  const group = groupSpec('tls', [targetSpec(8443)], { protocol: 'TLS', attributes });
  const patient = { ...tcp(80, forwardTo(group)), attributes: { 'tcp.idle_timeout.seconds': '6000' } };
  const spec = networkSpec({ name: 'n', listeners: [patient], targetGroups: [group] });
  expect(sectionOf(spec, 'frontend listener_80')).toContain('timeout client 6000s');
  expect(sectionOf(spec, 'backend tg_tls_0123456789abcdef')).toEqual([
    'balance source',
    'hash-type consistent',
    'timeout server 6000s',
    'server 127.0.0.1:8443 127.0.0.1:8443 ssl verify none send-proxy-v2 disabled',
  ]);
});

test('each address sends to the targets of its own zone where zones are kept apart', () => {
  const targets = [targetSpec(1, { zone: 'a' }), targetSpec(2, { zone: 'b' }), targetSpec(3)];
  const group = groupSpec('zonal', targets, { protocol: 'TCP', zones: ['a', 'b'] });
  const spec = networkSpec({
    name: 'n',
    addresses: ['127.0.0.1', '127.0.0.2'],
    zones: { '127.0.0.1': 'a', '127.0.0.2': 'b' },
    listeners: [tcp(80, forwardTo(group))],
    targetGroups: [group],
  });
  expect(sectionOf(spec, 'frontend listener_80').slice(4)).toEqual([
    'use_backend tg_zonal_0123456789abcdef.a if { so_id 1 }',
    'use_backend tg_zonal_0123456789abcdef.b if { so_id 2 }',
  ]);
  const ports = (zone: string): string[] =>
    sectionOf(spec, `backend tg_zonal_0123456789abcdef.${zone}`).flatMap(
      (line) => /^server \S+:(\d)/.exec(line)?.[1] ?? [],
    );
  expect([ports('a'), ports('b')]).toEqual([
    ['1', '3'],
    ['2', '3'],
  ]);
});

test('draws among weighted groups, and none of weight 0', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((name) => groupSpec(name, [], { protocol: 'TCP' }));
  if (a === undefined || b === undefined || c === undefined) throw new Error('three groups');
  const weights = [20, 0, 80];
  const action = {
    type: 'forward' as const,
    targetGroups: [a, b, c].map(({ targetGroupArn }, index) => ({ targetGroupArn, weight: weights[index] ?? 0 })),
  };
  const spec = networkSpec({ name: 'n', listeners: [tcp(80, { conditions: [], action })], targetGroups: [a, b, c] });
  expect(sectionOf(spec, 'frontend listener_80').slice(3)).toEqual([
    'tcp-request connection set-var(sess.draw) rand(100)',
    'use_backend tg_a_0123456789abcdef if { var(sess.draw) -m int lt 20 }',
    'use_backend tg_c_0123456789abcdef if { var(sess.draw) -m int lt 100 }',
  ]);
});

test('leaves flows that keep their client to the kernel', () => {
  const group = groupSpec('udp', [targetSpec(53)], {
    protocol: 'UDP',
    attributes: { 'preserve_client_ip.enabled': 'true' },
  });
  const listener = { ...listenerSpec(53, forwardTo(group)), protocol: 'UDP' as const };
  const { config } = renderBalancer(networkSpec({ name: 'n', listeners: [listener], targetGroups: [group] }), context);
  expect(config).not.toMatch(/frontend|backend/);
  expect(config).toContain('listen reach');
});
