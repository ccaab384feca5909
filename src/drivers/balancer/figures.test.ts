import { expect, test } from 'vitest';
import { figureKeys, figureScript, figuresBetween, openFlows, parseCounts } from './figures.ts';
import { forwardTo, groupSpec, listenerSpec, networkSpec, targetSpec } from './spec-for-tests.ts';

const preserving = groupSpec('kernel', [targetSpec(80)], {
  protocol: 'TCP_UDP',
  attributes: { 'preserve_client_ip.enabled': 'true' },
});
const plain = groupSpec('own', [targetSpec(81)], { protocol: 'TCP' });
const spec = networkSpec({
  name: 'n',
  addresses: ['10.0.1.20'],
  publicAddresses: { '10.0.1.20': '100.127.0.20' },
  listeners: [
    { ...listenerSpec(443, forwardTo(plain)), protocol: 'TLS' },
    { ...listenerSpec(53, forwardTo(preserving)), protocol: 'TCP_UDP' },
  ],
  targetGroups: [preserving, plain],
});

test('what is counted of each address, protocol and port, and who answers there', () => {
  expect(figureKeys(spec).map(({ protocol, port, answeredBy }) => `${protocol} ${port} ${answeredBy}`)).toEqual([
    'TLS 443 balancer',
    'TCP 53 target',
    'UDP 53 target',
  ]);
  expect(figureScript('figures-x', figureKeys(spec).slice(0, 1))).toMatchInlineSnapshot(`
    "add table ip figures-x
    flush table ip figures-x
    add counter ip figures-x opened-TLS-443-10.0.1.20
    add counter ip figures-x processed-TLS-443-10.0.1.20
    add counter ip figures-x clientResets-TLS-443-10.0.1.20
    add counter ip figures-x balancerResets-TLS-443-10.0.1.20
    table ip figures-x {
    chain key0 {
    counter name "processed-TLS-443-10.0.1.20"
    tcp flags & rst == rst ct direction original counter name "clientResets-TLS-443-10.0.1.20"
    tcp flags & rst == rst ct direction reply counter name "balancerResets-TLS-443-10.0.1.20"
    }
    chain counting {
    ct original ip daddr { 10.0.1.20, 100.127.0.20 } meta l4proto tcp ct original proto-dst 443 goto key0
    }
    chain beginning {
    ct original ip daddr { 10.0.1.20, 100.127.0.20 } meta l4proto tcp ct original proto-dst 443 counter name "opened-TLS-443-10.0.1.20"
    }
    chain counting-input {
    type filter hook input priority 50; policy accept;
    jump counting
    }
    chain beginning-input {
    type nat hook input priority 110; policy accept;
    jump beginning
    }
    chain counting-postrouting {
    type filter hook postrouting priority 50; policy accept;
    jump counting
    }
    chain beginning-postrouting {
    type nat hook postrouting priority 110; policy accept;
    jump beginning
    }
    }
    "
  `);
});

test('what was counted between two readings, also where counters began anew', () => {
  const json = JSON.stringify({
    nftables: [
      { metainfo: {} },
      ...[
        ['opened-TCP-53-10.0.1.20', 5, 300],
        ['processed-TCP-53-10.0.1.20', 70, 9000],
        ['clientResets-TCP-53-10.0.1.20', 1, 40],
        ['targetResets-TCP-53-10.0.1.20', 2, 80],
        ['opened-TLS-443-10.0.1.20', 1, 60],
        ['processed-TLS-443-10.0.1.20', 3, 200],
        ['balancerResets-TLS-443-10.0.1.20', 4, 160],
      ].map(([name, packets, bytes]) => ({ counter: { name, packets, bytes } })),
    ],
  });
  const before = {
    'opened-TCP-53-10.0.1.20': [3, 180],
    'processed-TCP-53-10.0.1.20': [60, 8000],
    'processed-TLS-443-10.0.1.20': [50, 5000],
  } as const;
  const none = { clientResets: 0, targetResets: 0, balancerResets: 0 };
  expect(figuresBetween(before, parseCounts(json))).toEqual([
    {
      ...none,
      address: '10.0.1.20',
      protocol: 'TCP',
      port: 53,
      opened: 2,
      packets: 10,
      bytes: 1000,
      clientResets: 1,
      targetResets: 2,
    },
    {
      ...none,
      address: '10.0.1.20',
      protocol: 'TLS',
      port: 443,
      opened: 1,
      packets: 3,
      bytes: 200,
      balancerResets: 4,
    },
  ]);
});

test('flows are open until they are over', () => {
  const tail = 'src=10.0.1.5 dst=10.0.1.9 sport=80 dport=4711 [ASSURED] mark=0 use=1';
  const listing = [
    `tcp      6 349 ESTABLISHED src=10.0.1.9 dst=10.0.1.20 sport=4711 dport=443 ${tail}`,
    `tcp      6 119 TIME_WAIT src=10.0.1.9 dst=10.0.1.20 sport=4712 dport=443 ${tail}`,
    `tcp      6 119 SYN_SENT src=10.0.1.9 dst=10.0.1.20 sport=4713 dport=443 [UNREPLIED] ${tail}`,
    `udp      17 29 src=10.0.1.9 dst=10.0.1.20 sport=4711 dport=53 ${tail}`,
  ].join('\n');
  expect([...openFlows(listing)]).toEqual([
    [443, 2],
    [53, 1],
  ]);
});
