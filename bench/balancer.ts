import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
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
import { locate } from '../src/cli/prepare/packages.ts';
import { benchTargets } from './balancer-targets.ts';
import { cpuSeconds } from './cpu.ts';
import { median, type Row } from './report.ts';

const rounds = 3;
const secondsEach = 2;

/** One that is measured: where it answers, and the processes whose CPU is its own. */
interface Contender {
  readonly name: string;
  readonly port: number;
  readonly pids: readonly number[];
  readonly figures: { rate: number[]; p99: number[]; cpu: number[] };
}

/**
 * Requests through a load balancer with two path rules, against a hand-written HAProxy that does the same by hand (rules, the three
 * forwarded headers, a trace id, a line of log for each request) and, where it is installed, nginx: rate, 99th percentile, and CPU for each request. Rounds are
 * interleaved. Then what changing targets costs.
 */
export async function benchBalancer(): Promise<Row[]> {
  const directory = mkdtempSync(join(tmpdir(), 'stowage-bench-lb-'));
  const target = await freePort();
  const driver = new HaproxyDriver({
    stateDirectory: join(directory, 'lb'),
    namespaceOf: () => undefined,
    clock: systemClock,
    log: silentLog,
  });
  const children: ChildProcess[] = [];
  // The project's timers keep no process alive; a server does, and a bench must by itself.
  const awake = setInterval(() => {}, 1000);
  const start = (program: string, args: readonly string[]): number => {
    const output = openSync(join(directory, `${program}.log`), 'a');
    const child = spawn(program, args, { stdio: ['ignore', output, output] });
    children.push(child);
    return child.pid ?? 0;
  };
  const haproxy = (name: string, lines: readonly string[]): number => {
    const path = join(directory, name);
    writeFileSync(path, `${[...global, ...lines].join('\n')}\n`);
    return start('haproxy', ['-db', '-f', path]);
  };
  const contender = (name: string, port: number, pids: readonly number[]): Contender => ({
    name,
    port,
    pids,
    figures: { rate: [], p99: [], cpu: [] },
  });
  try {
    // On every address of loopback: each is a target.
    haproxy('target.cfg', [
      'frontend target',
      `  bind 0.0.0.0:${target}`,
      `  http-request return status 200 content-type text/plain string ${'x'.repeat(1024)}`,
    ]);
    const [oursAt, bareAt] = [await freePort(), await freePort()];
    const ours = contender('ours', oursAt, [await serve(driver, join(directory, 'lb'), oursAt, target)]);
    const others = [contender('HAProxy by hand', bareAt, [haproxy('bare.cfg', byHand(bareAt, target))])];
    if (locate('nginx') !== undefined) {
      const port = await freePort();
      const folder = join(directory, 'nginx');
      mkdirSync(folder);
      writeFileSync(join(folder, 'nginx.conf'), nginxByHand(port, target, folder));
      others.push(contender('nginx', port, [start('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')])]));
    }
    for (const { port } of [...others, ours]) await answering(port);
    for (let round = 0; round <= rounds; round += 1) {
      for (const { port, pids, figures } of [...others, ours]) {
        const { rate, p99, cpu } = await measure(port, pids);
        // The first round warms up.
        if (round === 0) continue;
        figures.rate.push(rate);
        figures.p99.push(p99);
        figures.cpu.push(cpu);
      }
    }
    const row = (name: string, unit: string, figure: keyof Contender['figures'], against: Contender): Row => ({
      name,
      unit,
      value: median(ours.figures[figure]),
      floor: median(against.figures[figure]),
      against: against.name,
      ...(figure === 'rate' ? { rate: true as const } : {}),
    });
    const rows = others.flatMap((against) => [
      row('requests through a load balancer, 64 connections', 'req/s', 'rate', against),
      row('…, 99th percentile', 'ms', 'p99', against),
      row('CPU of the balancer for each request', 'µs', 'cpu', against),
    ]);
    return [...rows, ...(await benchTargets(driver, target))];
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
  '  nbthread 1',
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
    '  log stdout format raw local0',
    '  option httplog',
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

/** The same by nginx, as far as it has words for it; it makes a request's id itself. */
function nginxByHand(port: number, target: number, folder: string): string {
  return `
    daemon off;
    worker_processes auto;
    pid ${folder}/nginx.pid;
    error_log ${folder}/error.log;
    events { worker_connections 2000; }
    http {
      access_log ${folder}/access.log combined buffer=64k;
      client_body_temp_path ${folder}/body;
      proxy_temp_path ${folder}/proxy;
      fastcgi_temp_path ${folder}/fastcgi;
      uwsgi_temp_path ${folder}/uwsgi;
      scgi_temp_path ${folder}/scgi;
      upstream targets { server 127.0.0.1:${target}; keepalive 64; }
      server {
        listen 127.0.0.1:${port};
        keepalive_requests 1000000000;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto http;
        proxy_set_header X-Forwarded-Port ${port};
        proxy_set_header X-Amzn-Trace-Id "Root=1-$request_id";
        location /api/ { proxy_pass http://targets; }
        location = /old { proxy_pass http://targets; }
        location / { proxy_pass http://targets; }
      }
    }
  `;
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

/** Requests a second, the 99th percentile of their times, and microseconds of CPU for each, of the processes and what they started. */
async function measure(port: number, pids: readonly number[]): Promise<{ rate: number; p99: number; cpu: number }> {
  const all = [...pids, ...pids.flatMap(childrenOf)];
  const before = cpuSeconds(all);
  const url = `http://127.0.0.1:${port}/index.html`;
  const { stdout } = await runCommand('wrk', ['-t1', '-c64', '--latency', `-d${secondsEach}s`, url]);
  const used = cpuSeconds(all) - before;
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1] ?? 0);
  const failed = /Non-2xx|Socket errors/.exec(stdout);
  if (requests === 0 || failed !== null) throw new Error(`the load failed: ${stdout}`);
  const [, slowest = '', unit = ''] = /99%\s+([\d.]+)(us|ms|s)/.exec(stdout) ?? [];
  const p99 = Number(slowest) * ({ us: 0.001, ms: 1, s: 1000 }[unit] ?? Number.NaN);
  return { rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]), p99, cpu: (used / requests) * 1e6 };
}

/** Resolves once a port takes connections. */
async function answering(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const socket = connect({ host: '127.0.0.1', port }, () => resolve(true)).on('error', () => resolve(false));
    const isUp = await promise;
    socket.destroy();
    if (isUp) return;
    await systemClock.sleep(100);
  }
  throw new Error(`nobody answers on port ${port}`);
}

/** The processes that one started. */
function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
}
