import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createBalancerManager } from '../src/agent/balancers/manager.ts';
import { systemClock } from '../src/base/clock.ts';
import { runCommand } from '../src/base/command.ts';
import { silentLog } from '../src/base/log.ts';
import type { HaproxyDriver } from '../src/drivers/balancer/haproxy.ts';
import {
  balancerSpec,
  forwardTo,
  groupSpec,
  listenerSpec,
  targetSpec,
} from '../src/drivers/balancer/spec-for-tests.ts';
import { freePort } from '../test/support/installation.ts';
import type { BalancerSpec, TargetSpec } from '../src/wire/balancer-spec.ts';
import { median, nowMs, type Row } from './report.ts';

const mostTargets = 500;
const loadSeconds = 8;
const firstRequests = 5;

/** What it costs that targets change: with 500 of them under load, and until a new one has its first request. */
export async function benchTargets(driver: HaproxyDriver, target: number): Promise<Row[]> {
  return [...(await changingTargets(driver, target)), await firstRequest(driver, target)];
}

/** 500 targets on as many addresses, of which fifty leave and fifty come at a time while requests go through. A request that fails throws. */
async function changingTargets(driver: HaproxyDriver, target: number): Promise<Row[]> {
  const port = await freePort();
  const every = Array.from({ length: mostTargets + 50 }, (_, at): TargetSpec => {
    const address = `127.0.${1 + Math.floor(at / 250)}.${1 + (at % 250)}`;
    return targetSpec(target, { id: address, address });
  });
  const specOf = (targets: readonly TargetSpec[]): BalancerSpec => {
    const group = groupSpec('many', targets);
    return balancerSpec({ name: 'many', listeners: [listenerSpec(port, forwardTo(group))], targetGroups: [group] });
  };
  const { loadBalancerArn: arn, targetGroups } = specOf([]);
  const targetGroupArn = targetGroups[0]?.targetGroupArn ?? '';
  const rotateIn = async (targets: readonly TargetSpec[]): Promise<void> => {
    for (const { id } of targets) await driver.rotate(arn, { targetGroupArn, id, port: target }, 'in');
  };
  let present = every.slice(0, mostTargets);
  await driver.apply(specOf(present));
  await rotateIn(present);
  const over = new AbortController();
  const load = runCommand('wrk', ['-t1', '-c64', `-d${loadSeconds}s`, `http://127.0.0.1:${port}/`]).finally(() =>
    over.abort(),
  );
  const times: number[] = [];
  for (let first = 0; !over.signal.aborted; first = (first + 50) % every.length) {
    const absent = every.filter((each) => !present.includes(each));
    const leaving = new Set(every.slice(first, first + 50));
    const began = nowMs();
    // Those that come first, as the agent does it: so that there are always 500.
    await driver.apply(specOf([...present, ...absent]));
    await rotateIn(absent);
    const drained = [...present, ...absent].map((each) => (leaving.has(each) ? { ...each, draining: true } : each));
    await driver.apply(specOf(drained));
    present = [...present, ...absent].filter((each) => !leaving.has(each));
    await driver.apply(specOf(present));
    times.push((nowMs() - began) / (absent.length + leaving.size));
  }
  const { stdout } = await load;
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1] ?? 0);
  const failed = /Non-2xx|Socket errors/.exec(stdout);
  if (requests === 0 || failed !== null) throw new Error(`requests failed while targets changed: ${stdout}`);
  return [
    { name: `${mostTargets} targets change under load: each change`, value: median(times), unit: 'ms' },
    { name: '…, changes, of which none cost a request', value: times.length * 100, unit: 'changes' },
    { name: '…, requests meanwhile', value: requests, unit: 'requests' },
  ];
}

/** From the answer that makes a target healthy to the first request that it gets, through the agent's manager and under load. */
async function firstRequest(driver: HaproxyDriver, target: number): Promise<Row> {
  const port = await freePort();
  const manager = createBalancerManager({ driver, clock: systemClock, log: silentLog, send: () => {} });
  const servers: Server[] = [];
  const times: number[] = [];
  const present = [targetSpec(target, { lastHealth: 'healthy' })];
  const specOf = (): BalancerSpec => {
    const group = groupSpec('fresh', present);
    return balancerSpec({ name: 'fresh', listeners: [listenerSpec(port, forwardTo(group))], targetGroups: [group] });
  };
  try {
    await manager.apply(specOf());
    await driver.rotate(specOf().loadBalancerArn, { ...ref(specOf()), port: target }, 'in');
    for (let at = 0; at < firstRequests; at++) {
      const load = runCommand('wrk', ['-t1', '-c8', '-d4s', `http://127.0.0.1:${port}/`]);
      const asked = Promise.withResolvers<number>();
      let healthyAt: number | undefined;
      const server = createServer((request, response) => {
        const isCheck = request.headers['user-agent']?.startsWith('ELB-HealthChecker') ?? false;
        if (isCheck) healthyAt ??= nowMs();
        else if (healthyAt !== undefined) asked.resolve(nowMs() - healthyAt);
        response.end('x');
      });
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      present.push(targetSpec((server.address() as AddressInfo).port));
      await manager.apply(specOf());
      times.push(await asked.promise);
      await load;
    }
    return { name: 'target healthy → its first request', value: median(times), unit: 'ms' };
  } finally {
    await manager.close();
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  }
}

function ref({ targetGroups }: BalancerSpec): { targetGroupArn: string; id: string } {
  return { targetGroupArn: targetGroups[0]?.targetGroupArn ?? '', id: '127.0.0.1' };
}
