import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { runCommand } from '../../base/command.ts';
import { systemIds } from '../../base/ids.ts';
import { silentLog } from '../../base/log.ts';
import { HaproxyDriver } from './haproxy.ts';
import { directoryName } from './names.ts';
import { balancerSpec, forwardTo, groupSpec, listenerSpec, networkSpec, targetSpec } from './spec-for-tests.ts';

/** A namespace with a balancer's address and a target's, where only the balancer's address may reach the target. */
describe('haproxy in the network namespace of a VPC', () => {
  const namespace = `stwlb${systemIds.hex(8)}`;
  const balancer = '10.77.0.5';
  const target = '10.77.0.9';
  const enter = `--net=/run/netns/${namespace}`;
  const inside = (...command: string[]): Promise<{ stdout: string }> => runCommand('nsenter', [enter, ...command]);
  const get = async (address: string, port: number): Promise<string> => {
    const input = 'GET / HTTP/1.0\r\n\r\n';
    return (await runCommand('nsenter', [enter, '/bin/busybox', 'nc', '-w', '5', address, String(port)], { input }))
      .stdout;
  };
  let directory: string;
  let driver: HaproxyDriver;
  let server: ChildProcess;

  const make = (): HaproxyDriver =>
    new HaproxyDriver({
      stateDirectory: join(directory, 'lb'),
      namespaceOf: () => `/run/netns/${namespace}`,
      clock: systemClock,
      log: silentLog,
    });

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'stw-lb-'));
    await writeFile(join(directory, 'index.html'), 'from the target');
    await runCommand('ip', ['netns', 'add', namespace]);
    await inside('ip', 'link', 'set', 'lo', 'up');
    for (const address of [balancer, target]) await inside('ip', 'address', 'add', `${address}/32`, 'dev', 'lo');
    for (const rule of [
      'add table ip guard',
      'add chain ip guard out { type filter hook output priority 0; }',
      `add rule ip guard out ip daddr ${target} tcp dport 8080 ip saddr != ${balancer} reject`,
    ]) {
      await inside('nft', rule);
    }
    const httpd = ['/bin/busybox', 'httpd', '-f', '-p', `${target}:8080`, '-h', directory];
    server = spawn('nsenter', [enter, ...httpd], { stdio: 'ignore' });
    driver = make();
  });
  afterAll(async () => {
    for (const arn of await driver.list()) await driver.remove(arn);
    await driver.close();
    server.kill('SIGKILL');
    await runCommand('ip', ['netns', 'delete', namespace]);
    await rm(directory, { recursive: true, force: true });
  });

  test('serves on its own address and reaches targets from it', async () => {
    const group = groupSpec('web', [targetSpec(8080, { id: target, address: target })]);
    const spec = balancerSpec({
      name: 'vpc',
      addresses: [balancer],
      listeners: [listenerSpec(80, forwardTo(group))],
      targetGroups: [group],
    });
    await driver.apply(spec);
    await driver.rotate(spec.loadBalancerArn, { targetGroupArn: group.targetGroupArn, id: target, port: 8080 }, 'in');
    await expect(get(target, 8080)).rejects.toThrow();
    expect(await get(balancer, 80)).toContain('from the target');

    const socket = await driver.probe(spec.loadBalancerArn, target, 8080, AbortSignal.timeout(5000));
    socket.write('GET / HTTP/1.0\r\n\r\n');
    let answer = '';
    for await (const chunk of socket.setEncoding('utf8')) answer += String(chunk);
    expect(answer).toMatch(/^HTTP\/1\.[01] 200 OK\r\n[^]*from the target$/);
  });

  test('tells whether a target accepts connections, without a word to it', async () => {
    const spec = networkSpec({ name: 'reach', addresses: [balancer] });
    await driver.apply(spec);
    await driver.reach(spec.loadBalancerArn, target, 8080, AbortSignal.timeout(30_000));
    await expect(driver.reach(spec.loadBalancerArn, target, 8081, AbortSignal.timeout(30_000))).rejects.toThrow(
      'does not accept',
    );
  });

  test('counts flows, and tells of each again until it was heard, whichever process that is', async () => {
    const group = groupSpec('flows', [targetSpec(8080, { id: target, address: target })], { protocol: 'TCP' });
    const listener = { ...listenerSpec(81, forwardTo(group)), protocol: 'TCP' as const };
    const spec = networkSpec({ name: 'flows', addresses: [balancer], listeners: [listener], targetGroups: [group] });
    const { loadBalancerArn: arn } = spec;
    await driver.apply(spec);
    await driver.rotate(arn, { targetGroupArn: group.targetGroupArn, id: target, port: 8080 }, 'in');
    for (let i = 0; i < 2; i += 1) expect(await get(balancer, 81)).toContain('from the target');
    const first = await driver.flows(arn, 0);
    expect(first).toMatchObject({
      sequence: 1,
      figures: [{ address: balancer, protocol: 'TCP', port: 81, opened: 2, targetResets: 0 }],
      active: [{ address: balancer, protocol: 'TCP', port: 81 }],
    });
    expect(first?.figures[0]?.bytes).toBeGreaterThan(400);
    expect(await get(balancer, 81)).toContain('from the target');
    // What counts is made anew with a listener more, and keeps what it has.
    const more = {
      ...spec,
      listeners: [listener, { ...listenerSpec(82, forwardTo(group)), protocol: 'TCP' as const }],
    };
    await driver.apply(more);
    expect((await driver.flows(arn, 0))?.figures).toEqual(first?.figures);
    await driver.close();
    driver = make();
    // Known by what the process before made it as.
    const second = await driver.flows(arn, 1);
    expect(second).toMatchObject({
      sequence: 2,
      figures: [
        { port: 81, opened: 1 },
        { port: 82, opened: 0 },
      ],
    });
    await driver.apply(more);
    // Somebody took them away.
    const table = `figures-${directoryName(arn)}`;
    await inside('nft', 'delete', 'table', 'ip', table);
    expect(await driver.flows(arn, 2)).toMatchObject({ figures: [{ opened: 0 }, { opened: 0 }] });
    await driver.remove(arn);
    expect((await inside('nft', 'list', 'tables')).stdout).not.toContain(table);
  });
});
