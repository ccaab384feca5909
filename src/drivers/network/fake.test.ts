import { expect, test } from 'vitest';
import { DriverError } from '../../base/errors.ts';
import { networkDriverConformance } from './conformance.ts';
import { FakeNetworkDriver } from './fake.ts';
import { task, vpc } from './spec-for-tests.ts';

networkDriverConformance('fake', () => {
  const driver = new FakeNetworkDriver();
  return Promise.resolve({
    driver,
    async apply(spec) {
      await driver.applyVpc(spec);
      for (const { interfaceId, kind } of spec.interfaces) {
        if (kind === 'task') await driver.attach(spec.vpcId, interfaceId, process.pid);
      }
    },
    reach(packet) {
      const verdict = driver.judge(packet);
      return Promise.resolve(verdict.passes ? verdict.seenFrom : undefined);
    },
    dispose: () => driver.close(),
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
