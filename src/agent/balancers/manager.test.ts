import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { DriverError } from '../../base/errors.ts';
import { silentLog } from '../../base/log.ts';
import { FakeBalancerDriver } from '../../drivers/balancer/fake.ts';
import { balancerSpec, forwardTo, groupSpec, listenerSpec, targetSpec } from '../../drivers/balancer/spec-for-tests.ts';
import type { BalancerSpec, TargetSpec } from '../../wire/balancer-spec.ts';
import type { AgentMessage } from '../../wire/messages.ts';
import { createBalancerManager, type BalancerManager } from './manager.ts';

describe('the manager of load balancers', () => {
  let clock: FakeClock;
  let driver: FakeBalancerDriver;
  let manager: BalancerManager;
  let sent: AgentMessage[];
  let server: Server;
  /** What a target answers by its port; absent: it refuses. `null`: it never answers. */
  let answers: Map<number, number | null>;
  let asked: number;
  const open = new Set<Socket>();

  beforeEach(async () => {
    clock = new FakeClock();
    driver = new FakeBalancerDriver();
    sent = [];
    answers = new Map();
    asked = 0;
    manager = createBalancerManager({ driver, clock, log: silentLog, send: (message) => void sent.push(message) });
    server = createServer((request, response) => {
      asked += 1;
      const status = answers.get(Number(request.headers.host?.split(':')[1]));
      if (status === null || status === undefined) return;
      response.writeHead(status, { 'x-agent': request.headers['user-agent'] ?? '' }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    driver.onProbe = async (_, port, signal) => {
      if (!answers.has(port)) throw new DriverError('retryable', 'refused');
      const socket = connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, signal });
      open.add(socket);
      socket.on('error', () => {});
      return socket;
    };
  });
  afterEach(async () => {
    await manager.close();
    for (const socket of open) socket.destroy();
    server.closeAllConnections();
    server.close();
  });

  const specOf = (...targets: readonly TargetSpec[]): BalancerSpec => {
    const group = groupSpec('web', targets);
    return balancerSpec({ name: 'managed', listeners: [listenerSpec(80, forwardTo(group))], targetGroups: [group] });
  };
  const arn = specOf().loadBalancerArn;
  const told = (): string[] =>
    sent.flatMap(({ type, message }) =>
      type === 'StowageTargetHealth' ? [`${message.port} ${message.state} ${message.reason ?? ''}`.trim()] : [],
    );
  const serving = (): string[] => driver.inRotation(arn);
  /** Lets `ms` pass in steps that leave real sockets time to answer. */
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 1000) {
      await clock.advance(Math.min(1000, ms - passed));
      const before = asked;
      for (let i = 0; i < 20; i += 1) await new Promise((resolve) => setImmediate(resolve));
      if (asked !== before) await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };

  test('applies, checks, reports and puts a target into rotation after one success', async () => {
    answers.set(8080, 200);
    await manager.apply(specOf(targetSpec(8080)));
    await expect.poll(serving).toEqual(['127.0.0.1:8080']);
    expect(sent[0]).toEqual({ type: 'StowageApplied', message: { kind: 'balancer', id: arn } });
    expect(told()).toEqual(['8080 initial Elb.InitialHealthChecking', '8080 healthy']);
  });

  test('calls a target healthy only once it takes requests, however long that takes', async () => {
    answers.set(1, 200);
    const busy = Promise.withResolvers<void>();
    const rotate = driver.rotate.bind(driver);
    driver.rotate = (...args) => (args[2] === 'in' ? busy.promise.then(() => rotate(...args)) : rotate(...args));
    await manager.apply(specOf(targetSpec(1)));
    await expect.poll(() => asked).toBeGreaterThan(0);
    await pass(10_000);
    expect([told(), serving()]).toEqual([['1 initial Elb.InitialHealthChecking'], []]);
    busy.resolve();
    await expect.poll(told).toEqual(['1 initial Elb.InitialHealthChecking', '1 healthy']);
    expect(serving()).toEqual(['127.0.0.1:1']);
  });

  test('finds a target that starts late within a second, though its interval is longer', async () => {
    await manager.apply(specOf(targetSpec(8080)));
    await pass(5000);
    expect(serving()).toEqual([]);
    answers.set(8080, 200);
    await pass(1000);
    await expect.poll(serving).toEqual(['127.0.0.1:8080']);
  });

  test('takes a target out after failures in a row, and fails open when all fail', async () => {
    answers.set(1, 200).set(2, 200);
    await manager.apply(specOf(targetSpec(1), targetSpec(2)));
    await expect.poll(serving).toEqual(['127.0.0.1:1', '127.0.0.1:2']);
    answers.set(1, 404);
    await pass(30_000);
    expect(serving()).toHaveLength(2);
    await pass(30_000);
    await expect.poll(serving).toEqual(['127.0.0.1:2']);
    expect(told().at(-1)).toBe('1 unhealthy Target.ResponseCodeMismatch');
    answers.delete(2);
    await pass(60_000);
    await expect.poll(told).toContain('2 unhealthy Target.FailedHealthChecks');
    await expect.poll(serving).toEqual(['127.0.0.1:1', '127.0.0.1:2']);
    answers.set(1, 200);
    await pass(150_000);
    await expect.poll(serving).toEqual(['127.0.0.1:1']);
  });

  test('asks no more of a target than to accept, where TCP is the check', async () => {
    answers.set(1, null);
    const group = groupSpec('tcp', [targetSpec(1), targetSpec(2)], { protocol: 'TCP' });
    const healthCheck = { ...group.healthCheck, protocol: 'TCP' as const };
    await manager.apply({ ...specOf(), targetGroups: [{ ...group, healthCheck }] });
    await expect.poll(serving).toEqual(['127.0.0.1:1']);
    expect(asked).toBe(0);
    await pass(31_000);
    await expect.poll(() => told().at(-1)).toBe('2 unhealthy Target.FailedHealthChecks');
  });

  test('fails open in each zone by itself where zones are kept apart', async () => {
    answers.set(1, 200);
    const zoned = [targetSpec(1, { zone: 'a' }), targetSpec(2, { zone: 'b' }), targetSpec(3, { zone: 'c' })];
    const group = groupSpec('web', zoned, { zones: ['a', 'b'] });
    await manager.apply({ ...specOf(), targetGroups: [group] });
    await pass(61_000);
    await expect.poll(serving).toEqual(['127.0.0.1:1', '127.0.0.1:2']);
  });

  test('says that a target timed out', async () => {
    answers.set(1, null);
    await manager.apply(specOf(targetSpec(1)));
    await pass(36_000);
    await expect.poll(() => told().at(-1)).toBe('1 unhealthy Target.Timeout');
  });

  test('trusts what was measured before a restart', async () => {
    await manager.apply(specOf(targetSpec(1, { lastHealth: 'healthy' }), targetSpec(2, { lastHealth: 'unhealthy' })));
    await expect.poll(serving).toEqual(['127.0.0.1:1']);
    expect(told().filter((line) => !line.startsWith('2 unhealthy'))).toEqual([]);
    await pass(31_000);
    await expect.poll(told).toContain('1 unhealthy Target.FailedHealthChecks');
  });

  test('starts over with a target that was registered again before it heard of the end of the first', async () => {
    answers.set(1, 200);
    await manager.apply(specOf(targetSpec(1)));
    await expect.poll(told).toContain('1 healthy');
    const before = told().length;
    await manager.apply(specOf(targetSpec(1, { registeredAt: 2 })));
    await expect.poll(() => told().slice(before)).toEqual(['1 initial Elb.InitialHealthChecking', '1 healthy']);
  });

  test('does not check targets that drain or are gone, and starts over with those that return', async () => {
    answers.set(1, 200);
    await manager.apply(specOf(targetSpec(1)));
    await expect.poll(serving).toEqual(['127.0.0.1:1']);
    await manager.apply(specOf(targetSpec(1, { draining: true, lastHealth: 'healthy' })));
    await expect.poll(serving).toEqual([]);
    // Said when it is out, and said once.
    expect(told().at(-1)).toBe('1 draining');
    const said = told().length;
    await manager.apply(specOf(targetSpec(1, { draining: true, lastHealth: 'draining' })));
    expect(told()).toHaveLength(said);
    const before = asked;
    await pass(60_000);
    expect(asked).toBe(before);
    await manager.apply(specOf(targetSpec(1)));
    await expect.poll(serving).toEqual(['127.0.0.1:1']);
    expect(told().slice(-2)).toEqual(['1 initial Elb.InitialHealthChecking', '1 healthy']);
  });

  test('tries again until the driver takes it, and tells why not', async () => {
    driver.failNextApply = new DriverError('retryable', 'the VPC is not there yet');
    await expect(manager.apply(specOf())).rejects.toThrow('not there yet');
    expect(sent[0]).toMatchObject({ type: 'StowageApplied', message: { error: 'the VPC is not there yet' } });
    await clock.advance(1000);
    await expect.poll(() => sent.at(-1)).toEqual({ type: 'StowageApplied', message: { kind: 'balancer', id: arn } });
  });

  test('goes on with what it serves when a specification is refused', async () => {
    answers.set(1, 200);
    await manager.apply(specOf(targetSpec(1)));
    await expect.poll(serving).toEqual(['127.0.0.1:1']);
    driver.failNextApply = new DriverError('fatal', 'HAProxy refuses it');
    await expect(manager.apply(specOf(targetSpec(1), targetSpec(2)))).rejects.toThrow('HAProxy refuses it');
    expect(sent.at(-1)).toMatchObject({ message: { error: 'HAProxy refuses it' } });
    answers.set(1, 500);
    await pass(61_000);
    await expect.poll(() => told().at(-1)).toBe('1 unhealthy Target.ResponseCodeMismatch');
  });

  test('removes what is not to be kept, also what an earlier process left', async () => {
    await driver.apply(balancerSpec({ name: 'left' }));
    await manager.apply(specOf());
    await expect.poll(() => driver.list()).toHaveLength(2);
    await manager.keepOnly([arn]);
    expect(await driver.list()).toEqual([arn]);
    await manager.keepOnly([]);
    expect(await driver.list()).toEqual([]);
  });
});
