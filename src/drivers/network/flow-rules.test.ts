import { expect, test } from 'vitest';
import type { VpcSpec } from '../../wire/network-spec.ts';
import { tableNumber } from './names.ts';
import { routerState } from './router.ts';
import { balancer, group, rule, task, vpc } from './spec-for-tests.ts';
import { vpcTable } from './vpc-table.ts';

const flows = [
  { protocol: 'tcp' as const, port: 80 },
  { protocol: 'udp' as const, port: 53 },
];
const specOf = (over: Partial<VpcSpec['interfaces'][number]>, groups = ['sg-lb']): VpcSpec =>
  vpc('vpc-a', {
    securityGroups: [group('sg-lb', rule('tcp', 80, '0.0.0.0/0')), group('sg-web', rule('tcp', 8080, 'sg-lb'))],
    interfaces: [
      { ...balancer('nlb', '10.0.1.20', groups, '100.127.0.20'), ...over },
      task('one', '10.0.3.30', ['sg-web']),
    ],
  });
const elementsOf = (spec: VpcSpec, name: string): string[] =>
  Array.from(vpcTable(spec).sets.get(name)?.elements ?? [], ([key, value]) =>
    value === '' ? key : `${key} : ${value}`,
  );

test('a VPC without flows has none of their rules', () => {
  const { sets, chains } = vpcTable(specOf({}));
  expect([...sets.keys(), ...chains.keys()].filter((name) => name.startsWith('flow'))).toEqual([]);
  expect([...routerState(specOf({})).rules].filter((line) => line.includes('fwmark'))).toEqual([]);
});

test('flows are judged at both addresses of the balancer, and its group speaks for them', () => {
  const spec = specOf({ flows });
  expect(elementsOf(spec, 'flows')).toEqual([
    '10.0.1.20 . tcp . 80',
    '10.0.1.20 . udp . 53',
    '100.127.0.20 . tcp . 80',
    '100.127.0.20 . udp . 53',
  ]);
  expect(elementsOf(spec, 'flow-receivers')).toEqual([
    '10.0.1.20 : jump ingress-sg-lb',
    '100.127.0.20 : jump ingress-sg-lb',
  ]);
  expect(elementsOf(spec, 'flow-senders')).toEqual([
    '10.0.1.20 : jump egress-sg-lb',
    '100.127.0.20 : jump egress-sg-lb',
  ]);
  const { chains } = vpcTable(spec);
  expect(chains.get('ingress-sg-web')?.rules).toEqual([
    'tcp dport 8080 ip saddr @members-sg-lb accept',
    'tcp dport 8080 ct original ip daddr @flows-sg-lb accept',
  ]);
  expect(chains.get('forward-sender')?.rules.slice(-2)).toEqual([
    'ct status dnat ct original ip daddr @flow-balancers accept',
    'ip saddr vmap @senders',
  ]);
});

test('a balancer without groups protects nothing and speaks for nobody', () => {
  const spec = specOf({ flows }, []);
  expect(elementsOf(spec, 'flow-receivers')).toEqual(['10.0.1.20 : accept', '100.127.0.20 : accept']);
  expect(vpcTable(spec).chains.get('ingress-sg-web')?.rules).toHaveLength(1);
});

test('answers leave by the way of the balancer, also from a subnet that has none', () => {
  const number = tableNumber('rtb-public');
  const spec = specOf({ flows });
  expect(elementsOf(spec, 'flow-ways')).toEqual([`10.0.1.20 : ${number}`, `100.127.0.20 : ${number}`]);
  expect(routerState(spec).rules).toContain(`900 from all fwmark 0x${number.toString(16)} lookup ${number}`);
});

test('a balancer on another machine is asked there', () => {
  expect(elementsOf(specOf({ flows, machine: '192.0.2.1' }), 'flows')).toEqual([]);
});
