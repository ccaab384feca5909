import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BalancerSpec } from '../../wire/balancer-spec.ts';
import type { BalancerDriver } from './driver.ts';
import { balancerSpec, forwardTo, groupSpec, listenerSpec, targetSpec } from './spec-for-tests.ts';

/** What the suite needs of the driver under test, beside the driver. */
export interface Subject {
  readonly driver: BalancerDriver;
  /** The targets in rotation of one balancer, as `<id>:<port>`, sorted. */
  inRotation(loadBalancerArn: string): Promise<string[]>;
  /** A port nobody listens on. */
  freePort(): Promise<number>;
  dispose(): Promise<void>;
}

/** What every balancer driver does. */
export function balancerDriverConformance(name: string, make: () => Promise<Subject>): void {
  describe(`${name}: a balancer driver`, () => {
    let subject: Subject;
    const servers: Server[] = [];
    beforeEach(async () => {
      subject = await make();
    });
    afterEach(async () => {
      for (const server of servers.splice(0)) server.close();
      await subject.dispose();
    });

    const specWith = async (...ports: number[]): Promise<BalancerSpec> => {
      const group = groupSpec(
        'web',
        ports.map((port) => targetSpec(port)),
      );
      return balancerSpec({
        name: 'conforming',
        listeners: [listenerSpec(await subject.freePort(), forwardTo(group))],
        targetGroups: [group],
      });
    };
    const refOf = (spec: BalancerSpec, port: number): { targetGroupArn: string; id: string; port: number } => ({
      targetGroupArn: spec.targetGroups[0]?.targetGroupArn ?? '',
      id: '127.0.0.1',
      port,
    });

    test('lists what it serves, once, and forgets what is removed', async () => {
      const { driver } = subject;
      const spec = await specWith(1);
      expect(await driver.list()).toEqual([]);
      await driver.apply(spec);
      await driver.apply(spec);
      expect(await driver.list()).toEqual([spec.loadBalancerArn]);
      await driver.remove(spec.loadBalancerArn);
      await driver.remove(spec.loadBalancerArn);
      expect(await driver.list()).toEqual([]);
    });

    test('keeps new targets out of rotation until told, and others as they were', async () => {
      const { driver } = subject;
      const spec = await specWith(1, 2);
      await driver.apply(spec);
      expect(await subject.inRotation(spec.loadBalancerArn)).toEqual([]);
      await driver.rotate(spec.loadBalancerArn, refOf(spec, 1), 'in');
      await driver.rotate(spec.loadBalancerArn, refOf(spec, 2), 'in');
      await driver.rotate(spec.loadBalancerArn, refOf(spec, 2), 'out');
      expect(await subject.inRotation(spec.loadBalancerArn)).toEqual(['127.0.0.1:1']);
      await driver.apply({ ...spec, targetGroups: (await specWith(1, 2, 3)).targetGroups });
      expect(await subject.inRotation(spec.loadBalancerArn)).toEqual(['127.0.0.1:1']);
    });

    test('takes targets that drain, or are gone, out of rotation, and a returned one starts out', async () => {
      const { driver } = subject;
      const spec = await specWith(1, 2, 3);
      await driver.apply(spec);
      for (const port of [1, 2, 3]) await driver.rotate(spec.loadBalancerArn, refOf(spec, port), 'in');
      const targetGroups = [groupSpec('web', [targetSpec(1), targetSpec(2, { draining: true })])];
      await driver.apply({ ...spec, targetGroups });
      expect(await subject.inRotation(spec.loadBalancerArn)).toEqual(['127.0.0.1:1']);
      await driver.apply(spec);
      expect(await subject.inRotation(spec.loadBalancerArn)).toEqual(['127.0.0.1:1']);
    });

    test('keeps rotation when listeners change', async () => {
      const { driver } = subject;
      const spec = await specWith(1, 2);
      await driver.apply(spec);
      await driver.rotate(spec.loadBalancerArn, refOf(spec, 2), 'in');
      await driver.apply({ ...spec, listeners: (await specWith(1)).listeners });
      expect(await subject.inRotation(spec.loadBalancerArn)).toEqual(['127.0.0.1:2']);
    });

    test('says that an unknown target or balancer is gone', async () => {
      const { driver } = subject;
      const spec = await specWith(1);
      await expect(driver.rotate(spec.loadBalancerArn, refOf(spec, 1), 'in')).rejects.toMatchObject({ kind: 'gone' });
      await driver.apply(spec);
      await expect(driver.rotate(spec.loadBalancerArn, refOf(spec, 9), 'in')).rejects.toMatchObject({ kind: 'gone' });
      const probe = driver.probe('arn:other', '127.0.0.1', 1, AbortSignal.timeout(1000));
      await expect(probe).rejects.toMatchObject({ kind: 'gone' });
    });

    test('probes a target, and tells one that refuses', async () => {
      const { driver } = subject;
      const server = createServer((socket) => socket.end('hello'));
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      const spec = await specWith(port);
      await driver.apply(spec);
      const read = async (to: number): Promise<string> => {
        const socket = await driver.probe(spec.loadBalancerArn, '127.0.0.1', to, AbortSignal.timeout(5000));
        let text = '';
        for await (const chunk of socket.setEncoding('utf8')) text += String(chunk);
        return text;
      };
      expect(await read(port)).toBe('hello');
      expect(await read(await subject.freePort()).catch(() => '')).toBe('');
    });
  });
}
