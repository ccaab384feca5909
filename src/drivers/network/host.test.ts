import { describe, expect, test } from 'vitest';
import { changeHostRoutes, changeIptables, hostRoutes, hostTable, iptablesRules } from './host.ts';
import { replaceTable } from './nft-table.ts';
import { balancer, task, vpc } from './spec-for-tests.ts';

const plan = { installationId: '1a2b3c4d', publicPool: '100.127.16.0/20', hostAddress: '100.127.31.255' };
const docker = ['-P FORWARD DROP', '-A FORWARD -j DOCKER-USER', '-N DOCKER-USER', '-A DOCKER-USER -j RETURN'];

describe("the host's part", () => {
  test('its table', async () => {
    await expect(replaceTable(hostTable(plan), 'is-this')).toMatchFileSnapshot('./golden/host.nft');
  });

  test('lets packets past Docker, past a firewall that drops, and past none', () => {
    expect(iptablesRules('1a2b3c4d', docker).map((line) => line.replace(/ -m comment --comment "[^"]*"/, ''))).toEqual([
      '-A DOCKER-USER -i sw1a2b3c4d+ -o docker0 -j RETURN',
      '-A DOCKER-USER -i sw1a2b3c4d+ -o br-+ -j RETURN',
      '-A DOCKER-USER -i sw1a2b3c4d+ -j ACCEPT',
      '-A DOCKER-USER -o sw1a2b3c4d+ -j ACCEPT',
    ]);
    expect(iptablesRules('1a2b3c4d', ['-P FORWARD DROP'])).toHaveLength(2);
    expect(iptablesRules('1a2b3c4d', ['-P FORWARD ACCEPT'])).toEqual([]);
    expect(iptablesRules('1a2b3c4d', [])).toEqual([]);
  });

  test('puts its rules first and in order, once, and takes only its own away', () => {
    const wanted = iptablesRules('1a2b3c4d', docker);
    const lines = changeIptables('1a2b3c4d', docker).split('\n');
    expect(lines.filter((line) => line.startsWith('-I')).toReversed()).toEqual(
      wanted.map((line) => line.replace('-A DOCKER-USER', '-I DOCKER-USER 1')),
    );
    expect(changeIptables('1a2b3c4d', [...docker, ...wanted])).toBe('');
    const others = iptablesRules('99999999', docker);
    const removal = changeIptables('1a2b3c4d', [...docker, ...others, ...wanted.slice(1)], []);
    expect(removal).toBe(
      ['*filter', ...wanted.slice(1).map((line) => line.replace('-A', '-D')), 'COMMIT', ''].join('\n'),
    );
  });

  test('routes public addresses in use, of interfaces and NAT gateways, to their VPC', () => {
    const spec = vpc('v', {
      natGateways: [{ id: 'nat-1', privateIp: '10.0.1.9', publicIp: '100.127.16.9' }],
      interfaces: [
        balancer('nat', '10.0.1.9', [], '100.127.16.9'),
        task('one', '10.0.1.10', [], '100.127.16.10'),
        task('unrouted', '10.0.3.10', [], '100.127.16.11'),
      ],
    });
    const routes = hostRoutes(spec, plan, 'sw1a2b3c4dabcde');
    const way = 'via 169.254.200.2 dev sw1a2b3c4dabcde onlink src 100.127.31.255';
    expect(Object.fromEntries(routes)).toEqual({ '100.127.16.9': way, '100.127.16.10': way });
    const before = new Map([
      ['100.127.16.10', way],
      ['100.127.16.12', way],
      ['100.127.16.13', way.replace('abcde', 'other')],
    ]);
    expect(changeHostRoutes(before, routes, 'sw1a2b3c4dabcde')).toEqual({
      going: ['route delete 100.127.16.12 dev sw1a2b3c4dabcde'],
      coming: [`route replace 100.127.16.9 ${way}`],
    });
  });
});
