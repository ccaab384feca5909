import { describe, expect, it } from 'vitest';
import { ScriptedAgent } from '../../test/simulation/scripted-agent.ts';
import { World } from '../../test/simulation/world.ts';
import type { Instance } from '../model/ec2/instance.ts';
import type { NatGateway } from '../model/ec2/network.ts';
import { balancerHost } from '../model/fleet/machine.ts';
import { allocatePublicIp } from '../store/allocate-interface.ts';
import { instances, natGateways, networkInterfaces, vpcs } from '../store/tables/ec2.ts';
import { tasks } from '../store/tables/ecs.ts';
import { machines } from '../store/tables/fleet.ts';
import { translateVpc } from './translate-vpc.ts';
import { partOf, vniOf } from './vpc-parts.ts';

const runs = [{ name: 'stowage.vpc' }, { name: 'stowage.fargate' }];
const own = {
  attributes: [...runs, { name: balancerHost }],
  underlay: '192.0.2.1',
  hostAddress: '100.127.0.255',
};
const joined = { id: 'machine-2', attributes: runs, underlay: '192.0.2.2' };

/** A world of two machines. */
async function twoMachines(): Promise<{ world: World; second: ScriptedAgent }> {
  const world = await World.begin();
  world.agent.disconnect();
  await world.settle();
  world.connect(own);
  const second = new ScriptedAgent(world.clock);
  world.connect(joined, second);
  await world.settle();
  return { world, second };
}

describe('a VPC on several machines', () => {
  it('is told to each machine that has something of it, as a whole once and then in changes', async () => {
    const { world, second } = await twoMachines();
    expect(second.vpcs.size).toBe(0);
    const arns = [1, 2, 3, 4].map(() => world.runTask('ok').arn);
    await world.until(() => arns.every((arn) => world.task(arn).lastStatus === 'RUNNING'));
    const there = arns.filter((arn) => world.task(arn).machineId === 'machine-2');
    expect(there).toHaveLength(2);

    const hostAddress = world.store.get(machines, 'machine-2')?.hostAddress;
    expect(hostAddress).toMatch(/^100\.127\.0\.\d+$/);
    const [one, two] = [world.agent.vpcs.get('vpc-1'), second.vpcs.get('vpc-1')];
    const [a, b] = [
      { underlay: '192.0.2.1', hostAddress: '100.127.0.255' },
      { underlay: '192.0.2.2', hostAddress },
    ];
    const shared = { vni: vniOf(world.store, 'vpc-1'), port: 21_000 };
    expect(one?.overlay).toEqual({ ...shared, here: a, machines: [b] });
    expect(two?.overlay).toEqual({ ...shared, here: b, machines: [a], gateway: '192.0.2.1' });
    const placed = (spec: typeof one): unknown =>
      Object.fromEntries((spec?.interfaces ?? []).map(({ interfaceId, machine }) => [interfaceId, machine]));
    const idsOf = (of: readonly string[]): string[] =>
      of.map((arn) => world.task(arn).networkInterface?.networkInterfaceId ?? '');
    const here = arns.filter((arn) => !there.includes(arn));
    expect(placed(one)).toEqual({
      ...Object.fromEntries(idsOf(here).map((id) => [id, undefined])),
      ...Object.fromEntries(idsOf(there).map((id) => [id, '192.0.2.2'])),
    });
    expect(placed(two)).toEqual({
      ...Object.fromEntries(idsOf(here).map((id) => [id, '192.0.2.1'])),
      ...Object.fromEntries(idsOf(there).map((id) => [id, undefined])),
    });
    const more = world.runTask('ok').arn;
    await world.until(() => world.task(more).lastStatus === 'RUNNING');
    const said = second.heard.filter((type) => type.startsWith('StowageVpc'));
    expect(said).toEqual(['StowageVpcMessage', 'StowageVpcChange']);
    if (world.task(more).machineId === 'machine-2') there.push(more);

    // The last of it goes: the machine forgets the VPC, and the first has all of it again.
    for (const arn of there) world.stopTask(arn);
    await world.until(() => there.every((arn) => world.task(arn).lastStatus === 'STOPPED'));
    await world.settle();
    expect([...second.vpcs.keys()]).toEqual([]);
    expect(world.agent.vpcs.get('vpc-1')).not.toHaveProperty('overlay');
    expect(world.agent.faults).toEqual([]);
    expect(second.faults).toEqual([]);
  });

  it('says anew where a machine is found, keeps the address by which its tasks see it, and gives that to nobody else', async () => {
    const { world, second } = await twoMachines();
    const arns = [1, 2].map(() => world.runTask('ok').arn);
    await world.until(() => arns.every((arn) => world.task(arn).lastStatus === 'RUNNING'));
    const before = world.store.get(machines, 'machine-2')?.hostAddress;
    second.disconnect();
    world.connect({ ...joined, underlay: '198.51.100.2' }, second);
    await world.settle();
    expect(world.agent.vpcs.get('vpc-1')?.overlay?.machines).toEqual([
      { underlay: '198.51.100.2', hostAddress: before },
    ]);
    const given = world.store.transact((tx) => {
      const all: string[] = [];
      for (let count = 0; count < 300; count += 1) all.push(allocatePublicIp(tx, '100.127.0.0/24'));
      return all;
    });
    expect(given).not.toContain(before);
  });

  it('leaves a machine out that said nothing of where it is found', async () => {
    const { world } = await twoMachines();
    world.connect({ ...joined, id: 'machine-3', underlay: 'fe80::1' }, new ScriptedAgent(world.clock));
    await world.settle();
    expect(world.store.get(machines, 'machine-3')).not.toHaveProperty('hostAddress');
  });
});

describe('where an interface is', () => {
  it('is on the machine of its task or instance, or with the balancers', async () => {
    const { world } = await twoMachines();
    const { arn } = world.runTask('ok');
    await world.until(() => world.task(arn).lastStatus === 'RUNNING');
    const parts = (): unknown => {
      const whole = translateVpc(world.store, 'vpc-1');
      if (whole === undefined) throw new Error('no VPC');
      return Object.fromEntries(
        (partOf(world.store, whole, 'machine-1', 1)?.interfaces ?? []).map((each) => [each.interfaceId, each.machine]),
      );
    };
    world.store.transact((tx) => {
      const [row] = tx.list(networkInterfaces);
      if (row === undefined) throw new Error('no interface');
      tx.update(tasks, arn, (task) => ({ ...task, machineId: 'i-1' }));
      for (const [id, hostId] of [
        ['i-1', 'machine-2'],
        ['i-2', undefined],
      ] as const) {
        const bare = { id, vpcId: 'vpc-1', state: 'running', tags: [], account: '0', region: 'r' };
        tx.put(instances, { ...bare, ...(hostId && { hostId }) } as unknown as Instance);
        tx.put(networkInterfaces, { ...row, id: `eni-${id}`, owner: { kind: 'instance', id } });
      }
      const nat = { id: 'nat-1', vpcId: 'vpc-1', state: 'available', publicIp: '100.127.0.7' };
      tx.put(natGateways, nat as unknown as NatGateway);
      tx.put(networkInterfaces, { ...row, id: 'eni-nat', owner: { kind: 'nat-gateway', id: 'nat-1' } });
    });
    const eni = world.task(arn).networkInterface?.networkInterfaceId ?? '';
    expect(parts()).toMatchObject({
      [eni]: '192.0.2.2',
      'eni-i-1': '192.0.2.2',
      'eni-i-2': undefined,
      'eni-nat': undefined,
    });
    const whole = translateVpc(world.store, 'vpc-1');
    const part = whole && partOf(world.store, whole, 'machine-1', 1);
    // Whoever is elsewhere asks for instance metadata there.
    const asks = part?.interfaces.filter(({ instanceMetadata }) => instanceMetadata === true);
    expect(asks?.map(({ interfaceId }) => interfaceId)).toEqual(['eni-i-2']);
    // A machine that is gone is nowhere, and not here.
    world.store.transact((tx) => tx.delete(machines, 'machine-2'));
    expect(parts()).toMatchObject({ [eni]: undefined });
  });

  it('has an identifier of its own for each VPC', async () => {
    const { world } = await twoMachines();
    world.store.transact((tx) => {
      const [vpc] = tx.list(vpcs);
      if (vpc === undefined) throw new Error('no VPC');
      for (let count = 0; count < 50; count += 1) tx.put(vpcs, { ...vpc, id: `vpc-x${count}`, createdAt: count });
    });
    const all = world.store.list(vpcs).map(({ id }) => vniOf(world.store, id));
    expect(new Set(all).size).toBe(all.length);
    expect(all.every((vni) => vni >= 1 && vni <= 2 ** 24 - 2)).toBe(true);
  });
});
