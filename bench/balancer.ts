import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../src/base/clock.ts';
import { runCommand } from '../src/base/command.ts';
import { silentLog } from '../src/base/log.ts';
import { HaproxyDriver } from '../src/drivers/balancer/haproxy.ts';
import { filesOf, processesOf } from '../src/drivers/balancer/haproxy-process.ts';
import { directoryName } from '../src/drivers/balancer/names.ts';
import {
  balancerSpec,
  forwardTo,
  groupSpec,
  listenerSpec,
  targetSpec,
} from '../src/drivers/balancer/spec-for-tests.ts';
import { freePort } from '../test/support/installation.ts';
import { median, type Row } from './report.ts';

const rounds = 3;
const secondsEach = 2;

/**
 * Requests through a load balancer with two path rules, against a hand-written HAProxy that does the same by hand (rules, the three
 * forwarded headers, a trace id): rate, and CPU of the worker for each request. Rounds are interleaved.
 */
export async function benchBalancer(): Promise<Row[]> {
  const directory = mkdtempSync(join(tmpdir(), 'stowage-bench-lb-'));
  const [target, bare, ours] = [await freePort(), await freePort(), await freePort()];
  const driver = new HaproxyDriver({
    stateDirectory: join(directory, 'lb'),
    namespaceOf: () => undefined,
    clock: systemClock,
    log: silentLog,
  });
  const children: ChildProcess[] = [];
  // The project's timers keep no process alive; a server does, and a bench must by itself.
  const awake = setInterval(() => {}, 1000);
  const haproxy = (name: string, lines: readonly string[]): number => {
    const path = join(directory, name);
    writeFileSync(path, `${[...global, ...lines].join('\n')}\n`);
    const child = spawn('haproxy', ['-db', '-f', path], { stdio: 'ignore' });
    children.push(child);
    return child.pid ?? 0;
  };
  try {
    haproxy('target.cfg', [
      'frontend target',
      `  bind 127.0.0.1:${target}`,
      `  http-request return status 200 content-type text/plain string ${'x'.repeat(1024)}`,
    ]);
    const barePid = haproxy('bare.cfg', byHand(bare, target));
    const oursPid = await serve(driver, join(directory, 'lb'), ours, target);
    const figures = {
      ours: { rate: [] as number[], cpu: [] as number[] },
      bare: { rate: [] as number[], cpu: [] as number[] },
    };
    for (let round = 0; round <= rounds; round += 1) {
      for (const [port, pid, into] of [
        [bare, barePid, figures.bare],
        [ours, oursPid, figures.ours],
      ] as const) {
        const { rate, cpu } = await measure(port, pid);
        // The first round warms up.
        if (round === 0) continue;
        into.rate.push(rate);
        into.cpu.push(cpu);
      }
    }
    const row = (name: string, unit: string, figure: 'rate' | 'cpu'): Row => ({
      name,
      unit,
      value: median(figures.ours[figure]),
      floor: median(figures.bare[figure]),
      against: 'HAProxy by hand',
      ...(figure === 'rate' ? { rate: true as const } : {}),
    });
    return [
      row('requests through a load balancer, 64 connections', 'req/s', 'rate'),
      row('CPU of the balancer for each request', 'µs', 'cpu'),
    ];
  } finally {
    for (const child of children) child.kill('SIGTERM');
    for (const arn of await driver.list()) await driver.remove(arn);
    await driver.close();
    rmSync(directory, { recursive: true, force: true });
    clearInterval(awake);
  }
}

const global = [
  'global',
  '  maxconn 2000',
  '  tune.bufsize 65536',
  'defaults',
  '  mode http',
  '  timeout connect 10s',
  '  timeout client 60s',
  '  timeout server 60s',
];

function byHand(port: number, target: number): string[] {
  return [
    'frontend bare',
    `  bind 127.0.0.1:${port}`,
    '  acl api path_beg /api/',
    '  acl old path /old',
    '  option forwardfor',
    '  unique-id-format %{+X}Ts',
    '  http-request set-header X-Forwarded-Proto http',
    `  http-request set-header X-Forwarded-Port ${port}`,
    '  http-request set-header X-Amzn-Trace-Id "Root=1-%[unique-id,lower]-%[uuid,regsub(-,,g),bytes(0,24)]"',
    '  use_backend targets if api',
    '  use_backend targets if old',
    '  default_backend targets',
    'backend targets',
    `  server one 127.0.0.1:${target}`,
  ];
}

async function serve(driver: HaproxyDriver, stateDirectory: string, port: number, target: number): Promise<number> {
  const group = groupSpec('bench', [targetSpec(target)]);
  const rule = forwardTo(group);
  const spec = balancerSpec({
    name: 'bench',
    listeners: [
      listenerSpec(
        port,
        { ...rule, conditions: [{ field: 'path-pattern', values: ['/api/*'] }] },
        { ...rule, conditions: [{ field: 'path-pattern', values: ['/old'] }] },
        rule,
      ),
    ],
    targetGroups: [group],
  });
  await driver.apply(spec);
  const ref = { targetGroupArn: group.targetGroupArn, id: '127.0.0.1', port: target };
  await driver.rotate(spec.loadBalancerArn, ref, 'in');
  const { workers } = await processesOf(filesOf(join(stateDirectory, directoryName(spec.loadBalancerArn))));
  return workers[0] ?? 0;
}

/** Requests a second, and microseconds of the process's CPU for each. */
async function measure(port: number, pid: number): Promise<{ rate: number; cpu: number }> {
  const before = cpuSeconds(pid);
  const url = `http://127.0.0.1:${port}/index.html`;
  const { stdout } = await runCommand('wrk', ['-t1', '-c64', `-d${secondsEach}s`, url]);
  const used = cpuSeconds(pid) - before;
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1] ?? 0);
  const failed = /Non-2xx|Socket errors/.exec(stdout);
  if (requests === 0 || failed !== null) throw new Error(`the load failed: ${stdout}`);
  return { rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]), cpu: (used / requests) * 1e6 };
}

/** utime and stime of proc(5), in ticks of 10 ms. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
