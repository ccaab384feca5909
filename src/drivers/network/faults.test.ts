import { expect, it, test } from 'vitest';
import { blackholeScript, isAddressOrBlock, parseBlackholes, parseShaping, shapingLines } from './faults.ts';

it('drops a port in a chain of its own', () => {
  const fault = { kind: 'blackhole', direction: 'egress', protocol: 'tcp', port: 80 } as const;
  expect(blackholeScript({ ...fault, spared: ['169.254.170.2', 'fd00::/8'] }).split('\n')).toEqual([
    'add table inet stowage_faults',
    'add chain inet stowage_faults egress-tcp-80 { type filter hook output priority 0 ; policy accept ; }',
    'add rule inet stowage_faults egress-tcp-80 ip daddr 169.254.170.2 tcp dport 80 accept',
    'add rule inet stowage_faults egress-tcp-80 ip6 daddr fd00::/8 tcp dport 80 accept',
    'add rule inet stowage_faults egress-tcp-80 tcp dport 80 drop',
    '',
  ]);
  const listed =
    'table inet other {\n\tchain a {\n\t}\n}\ntable inet stowage_faults {\n\tchain egress-tcp-80 {\n\t}\n}\n';
  expect(parseBlackholes(listed)).toEqual(['egress-tcp-80']);
  expect(parseBlackholes('')).toEqual([]);
});

it('impairs as many flows of a hundred as it is told, as the genuine agent does', () => {
  const fault = {
    kind: 'latency',
    delayMs: 100,
    jitterMs: 10,
    lossPercent: 0,
    sources: ['10.0.0.0/8'],
    spared: ['10.0.0.1'],
    flowsPercent: 12,
  } as const;
  const lines = shapingLines(fault, 'eth0');
  expect(lines).toHaveLength(2 + 10 + 12 + 2 + 11);
  const map = 'priomap 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2';
  expect(lines[0]).toBe(`qdisc add dev eth0 root handle 1: prio ${map}`);
  expect(lines[11]).toBe(`qdisc add dev eth0 parent 10:a handle 109: prio bands 10 ${map}`);
  expect(lines[12]).toBe('qdisc add dev eth0 parent 100:1 handle 200: netem delay 100ms 10ms');
  expect(lines[23]).toBe('qdisc add dev eth0 parent 101:2 handle 211: netem delay 100ms 10ms');
  expect(lines.slice(24, 27)).toEqual([
    'filter add dev eth0 protocol all parent 1:0 prio 1 u32 match ip dst 10.0.0.1 flowid 1:3',
    'filter add dev eth0 protocol all parent 1:0 prio 2 u32 match ip dst 10.0.0.0/8 flowid 1:1',
    'filter add dev eth0 protocol all parent 10: handle 1 prio 2 flow hash keys src,dst,proto,proto-src,proto-dst divisor 10 baseclass 10:1',
  ]);
  const lossy = shapingLines({ ...fault, kind: 'packet-loss', lossPercent: 7, flowsPercent: 100 }, 'eth0');
  expect(lossy.filter((line) => line.endsWith('netem loss 7%'))).toHaveLength(100);
});

test.each([
  ['', undefined],
  ['[]', undefined],
  ['[{"kind":"noqueue","options":{}}]', undefined],
  ['[{"kind":"prio","options":{}},{"kind":"netem","options":{"delay":{"delay":0.1}}}]', 'latency'],
  ['[{"kind":"netem","options":{"loss-random":{"loss":0.07}}}]', 'packet-loss'],
] as const)('%s means %s', (listed, kind) => {
  expect(parseShaping(listed)).toBe(kind);
});

test.each([
  ['10.0.0.1', true],
  ['10.0.0.0/8', true],
  ['10.0.0.0/33', false],
  ['10.0.0', false],
  ['::1', true],
  ['fd00::/8', true],
  ['fd00::/129', false],
  ['fd00::/8/9', false],
  ['example.com', false],
  ['1:2]', false],
])('%s is an address or a block: %s', (text, is) => {
  expect(isAddressOrBlock(text)).toBe(is);
});
