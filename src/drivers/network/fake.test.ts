import { expect, test } from 'vitest';
import { DriverError } from '../../base/errors.ts';
import { networkDriverConformance } from './conformance.ts';
import { twoMachinesConformance } from './conformance-machines.ts';
import { FakeNetworkDriver } from './fake.ts';
import { task, vpc } from './spec-for-tests.ts';

networkDriverConformance('fake', () => {
  const driver = new FakeNetworkDriver();
  const pids = new Map<string, number>();
  const pidFor = (interfaceId: string): number => {
    const pid = pids.get(interfaceId) ?? 1000 + pids.size;
    pids.set(interfaceId, pid);
    return pid;
  };
  const attached = (vpcId: string, interfaceId: string): number => driver.pidOf(vpcId, interfaceId) ?? 0;
  return Promise.resolve({
    driver,
    async apply(spec) {
      await driver.applyVpc(spec);
      for (const { interfaceId, kind } of spec.interfaces) {
        if (kind === 'task') await driver.attach(spec.vpcId, interfaceId, pidFor(interfaceId));
      }
    },
    reach(packet) {
      const verdict = driver.judge(packet);
      return Promise.resolve(verdict.passes ? verdict.seenFrom : undefined);
    },
    container: () => Promise.resolve(process.pid),
    pidOf: (vpcId, interfaceId) => Promise.resolve(attached(vpcId, interfaceId)),
    knock(packet) {
      const verdict = driver.judge(packet);
      if (!verdict.passes) return Promise.resolve(undefined);
      const open = driver.plugged(attached('vpc-a', verdict.receiver)).flatMap(({ ports }) => ports);
      return Promise.resolve(open.some(({ hostPort }) => hostPort === packet.port) ? verdict.seenFrom : undefined);
    },
    ruin: (pid) => Promise.resolve(driver.ruinInstance(pid)),
    dispose: () => driver.close(),
  });
});

twoMachinesConformance('fake', () => {
  const drivers = { a: new FakeNetworkDriver(), b: new FakeNetworkDriver() };
  drivers.a.others.push(drivers.b);
  drivers.b.others.push(drivers.a);
  return Promise.resolve({
    drivers,
    async apply(specs) {
      for (const at of ['a', 'b'] as const) {
        await drivers[at].applyVpc(specs[at]);
        for (const { interfaceId, kind, machine } of specs[at].interfaces) {
          if (kind === 'task' && machine === undefined) await drivers[at].attach(specs[at].vpcId, interfaceId, 1);
        }
      }
    },
    reach(packet) {
      const verdict = drivers.a.judge(packet);
      return Promise.resolve(verdict.passes ? verdict.seenFrom : undefined);
    },
    dispose: async () => {
      await drivers.a.close();
      await drivers.b.close();
    },
  });
});

test('fails once when told to', async () => {
  const driver = new FakeNetworkDriver();
  driver.failNextApply = new DriverError('retryable', 'no luck');
  await expect(driver.applyVpc(vpc('vpc-a'))).rejects.toThrow('no luck');
  await driver.applyVpc(vpc('vpc-a', { interfaces: [task('one', '10.0.1.10', [])] }));
  expect(driver.specOf('vpc-a')?.interfaces).toHaveLength(1);
  await driver.attach('vpc-a', 'eni-one', 4711);
  expect(driver.pidOf('vpc-a', 'eni-one')).toBe(4711);
});

test('says why a packet does not pass', async () => {
  const driver = new FakeNetworkDriver();
  await driver.applyVpc(vpc('vpc-a', { interfaces: [task('one', '10.0.1.10', []), task('two', '10.0.3.10', [])] }));
  const verdict = driver.judge({
    from: { vpcId: 'vpc-a', address: '10.0.1.10' },
    to: '10.0.3.10',
    protocol: 'tcp',
    port: 1,
  });
  expect(verdict).toEqual({ passes: false, because: 'no egress rule of eni-one allows it' });
});
