import { expect, test } from 'vitest';
import type { ListenerSpec, TargetGroupSpec } from '../../wire/balancer-spec.ts';
import { endingFlows, flowScript, flowsOf } from './flows.ts';
import { backendName, serverName } from './names.ts';
import { forwardTo, groupSpec, listenerSpec, networkSpec, targetSpec } from './spec-for-tests.ts';

const preserving = { 'preserve_client_ip.enabled': 'true' };
const group = (name: string, ports: readonly number[], over: Partial<TargetGroupSpec> = {}): TargetGroupSpec =>
  groupSpec(
    name,
    ports.map((port) => targetSpec(port, { id: '10.0.1.5', address: '10.0.1.5' })),
    { protocol: 'TCP', attributes: preserving, ...over },
  );
const listener = (protocol: ListenerSpec['protocol'], port: number, ...groups: TargetGroupSpec[]): ListenerSpec => ({
  ...listenerSpec(port, forwardTo(...groups)),
  protocol,
});
const all = (...groups: TargetGroupSpec[]): Set<string> =>
  new Set(
    groups.flatMap(({ targetGroupArn, targets }) =>
      targets.map((each) => `${backendName(targetGroupArn)}/${serverName(each)}`),
    ),
  );

test('what keeps its client passes by the kernel, to targets in rotation', () => {
  const web = group('web', [80, 81]);
  const spec = networkSpec({
    name: 'n',
    addresses: ['10.0.1.20'],
    publicAddresses: { '10.0.1.20': '100.127.0.20' },
    listeners: [listener('TCP', 443, web)],
    targetGroups: [web],
  });
  const flows = flowsOf(spec, new Set([...all(web)].slice(0, 1)));
  expect(flows).toEqual([
    {
      address: '10.0.1.20',
      publicAddress: '100.127.0.20',
      protocol: 'tcp',
      port: 443,
      idleSeconds: 350,
      shares: [{ weight: 1, sticky: false, targets: [{ address: '10.0.1.5', port: 80 }] }],
    },
  ]);
  expect(flowScript('flows-x', flows, 'vx0')).toMatchInlineSnapshot(`
    "table ip flows-x
    delete table ip flows-x
    table ip flows-x {
    ct timeout idle-tcp-350 {
    protocol tcp
    l3proto ip
    policy = { established : 350 }
    }
    map listeners {
    type ipv4_addr . inet_proto . inet_service : verdict
    elements = { 10.0.1.20 . tcp . 443 : goto flow0, 100.127.0.20 . tcp . 443 : goto flow0 }
    }
    map patience {
    type ipv4_addr . inet_proto . inet_service : verdict
    elements = { 10.0.1.20 . tcp . 443 : goto patience-idle-tcp-350, 100.127.0.20 . tcp . 443 : goto patience-idle-tcp-350 }
    }
    chain patience-idle-tcp-350 {
    ct timeout set "idle-tcp-350"
    }
    chain flow0-0 {
    meta l4proto tcp dnat to numgen random mod 1 map { 0 : 10.0.1.5 . 80 }
    }
    chain flow0 {
    goto flow0-0
    }
    chain passing {
    type nat hook prerouting priority dstnat - 10; policy accept;
    ip daddr . meta l4proto . th dport vmap @listeners
    }
    chain remembering {
    type filter hook prerouting priority mangle; policy accept;
    ct state new ip daddr . meta l4proto . th dport vmap @patience
    }
    chain returning {
    type nat hook postrouting priority srcnat - 10; policy accept;
    oifname "vx0" snat to ct original ip daddr map { 10.0.1.20 : 10.0.1.20, 100.127.0.20 : 10.0.1.20 }
    }
    }
    "
  `);
});

test('TCP_UDP is both, UDP waits for two minutes, and clients stick where they are to', () => {
  const attributes = { ...preserving, 'stickiness.enabled': 'true' };
  const dns = group('dns', [53, 54], { protocol: 'TCP_UDP', attributes });
  const spec = networkSpec({ name: 'n', listeners: [listener('TCP_UDP', 53, dns)], targetGroups: [dns] });
  const flows = flowsOf(spec, all(dns));
  expect(flows.map(({ protocol, idleSeconds }) => [protocol, idleSeconds])).toEqual([
    ['tcp', 350],
    ['udp', 120],
  ]);
  const script = flowScript('flows-x', flows, undefined);
  expect(script).toContain(
    'meta l4proto udp dnat to jhash ip saddr mod 2 seed 0x1 map { 0 : 10.0.1.5 . 53, 1 : 10.0.1.5 . 54 }',
  );
  expect(script).toContain('policy = { unreplied : 120, replied : 120 }');
  expect(script).not.toContain('returning');
});

test('draws a group by weight, keeps zones apart, and refuses where nobody is', () => {
  const [a, b] = [group('a', [1], { zones: ['x', 'y'] }), group('b', [2], { zones: ['x', 'y'] })];
  const zoned = { ...a, targets: a.targets.map((target) => ({ ...target, zone: 'x' })) };
  const action = {
    type: 'forward' as const,
    targetGroups: [
      { targetGroupArn: zoned.targetGroupArn, weight: 20 },
      { targetGroupArn: b.targetGroupArn, weight: 80 },
    ],
  };
  const weighted = { ...listenerSpec(80, { conditions: [], action }), protocol: 'TCP' as const };
  const spec = networkSpec({
    name: 'n',
    addresses: ['10.0.1.20', '10.0.2.20'],
    zones: { '10.0.1.20': 'x', '10.0.2.20': 'y' },
    listeners: [weighted],
    targetGroups: [zoned, b],
  });
  const inRotation = new Set([`tg_a_0123456789abcdef.x/10.0.1.5:1`]);
  const flows = flowsOf(spec, inRotation);
  expect(flows.map(({ shares }) => shares.map(({ targets }) => targets.length))).toEqual([
    [1, 0],
    [0, 0],
  ]);
  const script = flowScript('flows-x', flows, undefined);
  expect(script).toContain('numgen random mod 100 vmap { 0-19 : goto flow0-0, 20-99 : goto flow0-1 }');
  expect(script).toContain('chain flow1-0 {\n}');
});

test('a balancer without flows has no table', () => {
  expect(flowScript('flows-x', [], 'vx0')).toBe('table ip flows-x\ndelete table ip flows-x\n');
});

test('only flows whose connections end with their target tell which targets are left', () => {
  const ending = { ...preserving, 'deregistration_delay.connection_termination.enabled': 'true' };
  const [stay, go] = [group('stay', [1]), group('go', [2, 3], { attributes: ending })];
  const spec = networkSpec({
    name: 'n',
    listeners: [listener('TCP', 80, stay), listener('TCP', 81, go)],
    targetGroups: [stay, go],
  });
  expect(endingFlows(spec).map(({ port, registered }) => [port, [...registered]])).toEqual([
    [81, ['10.0.1.5:2', '10.0.1.5:3']],
  ]);
});
