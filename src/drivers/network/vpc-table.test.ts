import { describe, expect, test } from 'vitest';
import { changeTable, markOf, replaceTable } from './nft-table.ts';
import { anywhere, balancer, group, rule, task, vpc } from './spec-for-tests.ts';
import { vpcTable } from './vpc-table.ts';

const full = vpc('vpc-a', {
  natGateways: [{ id: 'nat-1', privateIp: '10.0.1.9', publicIp: '100.127.0.9' }],
  securityGroups: [
    group('sg-lb', rule('tcp', 80, '0.0.0.0/0'), rule('6', [8000, 8100], '192.0.2.0/24')),
    group('sg-web', rule('tcp', 8080, 'sg-lb'), rule('-1', -1, 'sg-web')),
    { groupId: 'sg-icmp', ingress: [rule('icmp', [8, -1], '0.0.0.0/0'), rule('1', [3, 4], '10.0.0.0/8')], egress: [] },
  ],
  interfaces: [
    balancer('nat', '10.0.1.9', [], '100.127.0.9'),
    balancer('lb', '10.0.1.20', ['sg-lb'], '100.127.0.20'),
    balancer('nlb', '10.0.2.20', []),
    task('one', '10.0.1.30', ['sg-web']),
    task('two', '10.0.2.30', ['sg-web', 'sg-icmp'], '100.127.0.30'),
    task('three', '10.0.3.30', ['sg-gone'], '100.127.0.31'),
    { ...task('router', '10.0.3.31', ['sg-web']), sourceDestCheck: false },
  ],
});

describe('the table of a VPC', () => {
  test('in full', async () => {
    const table = vpcTable(full);
    await expect(replaceTable(table, 'is-this')).toMatchFileSnapshot('./golden/vpc.nft');
  });

  test('rules of every kind', () => {
    const of = (...rules: Parameters<typeof group>[1][]): readonly string[] | undefined =>
      vpcTable(vpc('v', { securityGroups: [group('sg', ...rules.flatMap((each) => each ?? []))] })).chains.get(
        'ingress-sg',
      )?.rules;
    expect(
      of(
        rule('tcp', 443, '0.0.0.0/0'),
        rule('tcp', 443, '0.0.0.0/0'),
        rule('udp', [0, 65_535], '10.0.0.0/8'),
        rule('tcp', -1, 'sg-x'),
        rule('17', [53, 54], 'sg-x'),
        rule('icmp', -1, '10.1.2.3/32'),
        rule('icmp', [3, 4], '10.1.2.3/32'),
        rule('50', -1, '0.0.0.0/0'),
        rule('icmpv6', -1, '0.0.0.0/0'),
        rule('-1', -1, '10.0.0.0/8'),
      ),
    ).toEqual([
      'tcp dport 443 accept',
      'ip protocol 17 ip saddr 10.0.0.0/8 accept',
      'ip protocol 6 ip saddr @members-sg-x accept',
      'udp dport 53-54 ip saddr @members-sg-x accept',
      'ip protocol 1 ip saddr 10.1.2.3/32 accept',
      'icmp type 3 icmp code 4 ip saddr 10.1.2.3/32 accept',
      'ip protocol 50 accept',
      'ip protocol 58 accept',
      'ip saddr 10.0.0.0/8 accept',
    ]);
  });

  test('one more task is a few elements; another rule is one chain', () => {
    const table = vpcTable(full);
    const marks = { before: 'is-a', after: 'is-b' };
    const more = vpcTable({
      ...full,
      interfaces: [...full.interfaces, task('more', '10.0.1.44', ['sg-web'], '100.127.0.44')],
    });
    expect(changeTable(table, more, marks).trimEnd().split('\n').slice(2)).toEqual([
      'add element ip stowage members-sg-web { 10.0.1.44 }',
      'add element ip stowage senders { 10.0.1.44 : jump egress-sg-web }',
      'add element ip stowage receivers { 10.0.1.44 : jump ingress-sg-web }',
      'add element ip stowage public { 10.0.1.44 : 100.127.0.44 }',
      'add element ip stowage private { 100.127.0.44 : 10.0.1.44 }',
    ]);
    const [, ...others] = full.securityGroups;
    const narrower = vpcTable({ ...full, securityGroups: [group('sg-lb', rule('tcp', 80, '0.0.0.0/0')), ...others] });
    expect(changeTable(table, narrower, marks).trimEnd().split('\n').slice(2)).toEqual([
      'flush chain ip stowage ingress-sg-lb',
      'add rule ip stowage ingress-sg-lb tcp dport 80 accept',
    ]);
    expect(markOf(narrower)).not.toBe(markOf(table));
  });

  test('sixteen groups on an interface still make a name', () => {
    const ids = Array.from({ length: 16 }, (_, index) => `sg-0123456789abcde${index.toString(16).padStart(2, '0')}`);
    const table = vpcTable(
      vpc('v', { securityGroups: ids.map((id) => group(id)), interfaces: [task('a', '10.0.1.10', ids)] }),
    );
    const [name = ''] = [...table.chains.keys()].filter((each) => each.startsWith('ingress-any-'));
    expect(name.length).toBeLessThan(256);
    expect(table.chains.get(name)?.rules).toHaveLength(16);
  });

  test('an interface without rules or with unknown groups only takes and sends nothing', () => {
    const table = vpcTable(
      vpc('v', {
        securityGroups: [{ groupId: 'sg', ingress: [], egress: [anywhere] }],
        interfaces: [task('a', '10.0.1.10', []), task('b', '10.0.1.11', ['sg-gone']), task('c', '10.0.1.12', ['sg'])],
      }),
    );
    expect(Object.fromEntries(table.sets.get('receivers')?.elements ?? [])).toEqual({
      '10.0.1.10': 'drop',
      '10.0.1.11': 'drop',
      '10.0.1.12': 'jump ingress-sg',
    });
    expect(table.chains.get('ingress-sg')?.rules).toEqual([]);
  });
});
