import { expect, it } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { DriverError } from '../../base/errors.ts';
import { silentLog } from '../../base/log.ts';
import { FakeNetworkDriver } from '../../drivers/network/fake.ts';
import type { VpcSpec } from '../../wire/network-spec.ts';
import { vpcSpec } from '../control-for-tests.ts';
import { Networks } from './networks.ts';

/** A driver whose changes end when the test says so. */
class SlowNetwork extends FakeNetworkDriver {
  readonly applied: { spec: VpcSpec; end: () => void }[] = [];
  running = 0;
  most = 0;
  override async applyVpc(spec: VpcSpec): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.applied.push({ spec, end: resolve });
    this.most = Math.max(this.most, ++this.running);
    await promise;
    this.running--;
    await super.applyVpc(spec);
  }
}

function networksOn(network: FakeNetworkDriver) {
  const clock = new FakeClock();
  const told: [string, string | undefined][] = [];
  const networks = new Networks({
    network,
    clock,
    log: silentLog,
    listeners: [],
    onApplied: (vpcId, error) => told.push([vpcId, error]),
  });
  return { clock, told, networks };
}

it('makes one change of a VPC at a time, and of those that wait only the newest', async () => {
  const network = new SlowNetwork();
  const { clock, told, networks } = networksOn(network);
  for (const count of [1, 2, 3]) networks.apply(vpcSpec(count));
  await clock.advance(0);
  network.applied[0]?.end();
  await clock.advance(0);
  network.applied[1]?.end();
  await clock.advance(0);
  expect(network.applied.map(({ spec }) => spec.interfaces.length)).toEqual([1, 3]);
  expect(network.most).toBe(1);
  expect(told).toEqual([
    ['vpc-1', undefined],
    ['vpc-1', undefined],
  ]);
  expect(networks.vpcOf('eni-2')).toBe('vpc-1');
  expect(networks.vpcOf('eni-3')).toBeUndefined();
});

it('tries again what may pass, says what failed, and takes VPCs away', async () => {
  const network = new FakeNetworkDriver();
  network.failNextApply = new DriverError('retryable', 'busy');
  const { clock, told, networks } = networksOn(network);
  networks.apply(vpcSpec());
  await clock.advance(1000);
  expect(told).toEqual([
    ['vpc-1', 'busy'],
    ['vpc-1', undefined],
  ]);
  await networks.keepOnly(() => false);
  expect(await network.listVpcs()).toEqual([]);
  expect(networks.vpcOf('eni-0')).toBeUndefined();
});

it('makes a VPC anew that is wanted again while it is removed', async () => {
  const removed = Promise.withResolvers<void>();
  const log: string[] = [];
  const network = new (class extends FakeNetworkDriver {
    override async applyVpc(spec: VpcSpec): Promise<void> {
      log.push('made');
      await super.applyVpc(spec);
    }
    override async removeVpc(vpcId: string): Promise<void> {
      log.push('removing');
      await removed.promise;
      await super.removeVpc(vpcId);
      log.push('removed');
    }
  })();
  const { clock, networks } = networksOn(network);
  networks.apply(vpcSpec());
  await clock.advance(0);
  const wanted = new Set<string>();
  const keeping = networks.keepOnly((vpcId) => wanted.has(vpcId));
  await clock.advance(0);
  wanted.add('vpc-1');
  networks.apply(vpcSpec());
  await clock.advance(0);
  expect(log).toEqual(['made', 'removing']);
  removed.resolve();
  await keeping;
  await networks.settled();
  expect(log).toEqual(['made', 'removing', 'removed', 'made']);
  expect(networks.vpcOf('eni-0')).toBe('vpc-1');
  // What is wanted again before its turn comes is not removed at all.
  await networks.keepOnly((vpcId) => wanted.has(vpcId));
  expect(await network.listVpcs()).toEqual(['vpc-1']);
});
