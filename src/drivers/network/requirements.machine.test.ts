import { readdirSync } from 'node:fs';
import { release } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommand } from '../../base/command.ts';
import { systemIds } from '../../base/ids.ts';
import { Netns } from './netns.ts';
import { networkRequirements } from './requirements.ts';

describe('what networks need', () => {
  const name = `stwneed${systemIds.hex(8)}`;
  const host = new Netns(`/run/netns/${name}`);
  const options = { installationId: '00c0ffee', publicPool: '100.127.32.0/20', hostNamespace: host.path ?? '' };
  const amiss = async (more: Partial<Parameters<typeof networkRequirements>[0]> = {}): Promise<string[]> =>
    (await networkRequirements({ ...options, ...more })).filter(({ ok }) => !ok).map(({ what }) => what);
  beforeAll(() => runCommand('ip', ['netns', 'add', name]));
  afterAll(() => runCommand('ip', ['netns', 'delete', name]));

  test('this machine has all of it, and trying leaves nothing behind', async () => {
    expect(await amiss({ engineKernel: release(), containerPids: async () => [process.pid] })).toEqual([]);
    expect(readdirSync('/run/netns').filter((each) => each.startsWith('stowage-try-'))).toEqual([]);
  });

  test('an engine elsewhere is noticed', async () => {
    expect(await amiss({ engineKernel: '6.10.14-linuxkit' })).toEqual([
      `the engine runs on another kernel (6.10.14-linuxkit, ours is ${release()})`,
    ]);
    const hidden = 2 ** 22 + 1;
    expect(await amiss({ containerPids: async () => [hidden] })).toHaveLength(1);
    // It was listed, and has ended since.
    const lists = [[hidden], []];
    expect(await amiss({ containerPids: async () => lists.shift() ?? [] })).toEqual([]);
  });

  test('routes and firewalls that stand in the way are noticed; our own routes do not', async () => {
    await host.ip([
      'link set lo up',
      'link add sw00c0ffeeabcde type veth peer name far',
      'link set sw00c0ffeeabcde up',
    ]);
    await host.ip(['route add unreachable 100.127.32.0/20', 'route add 100.127.33.1 dev sw00c0ffeeabcde']);
    expect(await amiss()).toEqual([]);
    await host.ip(['route add 100.127.40.0/24 dev lo table 52']);
    await host.run('iptables', '-A', 'INPUT', '-s', '100.64.0.0/10', '!', '-i', 'tailscale0', '-j', 'DROP');
    await host.run('nft', 'add', 'table', 'inet', 'firewalld');
    expect(await amiss()).toEqual([
      'firewalld drops what tasks send to the internet',
      'a VPN (Tailscale, for one) drops packets of 100.64.0.0/10, where public addresses come from',
      'the public addresses 100.127.32.0/20 overlap 100.127.40.0/24, routed elsewhere',
    ]);
  });
});
