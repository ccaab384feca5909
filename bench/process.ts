import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { resolve } from 'node:path';
import type { TestInstallation } from '../test/support/installation.ts';
import { median, nowMs, type Row } from './report.ts';

/** Milliseconds until a program's HTTP server has answered for the first time. */
async function untilFirstAnswer(line: readonly string[], env: NodeJS.ProcessEnv, port: number): Promise<number> {
  const [program = '', ...args] = line;
  const startedAt = nowMs();
  const child = spawn(program, args, { env, stdio: 'ignore' });
  const ask = (): Promise<boolean> => {
    const { promise, resolve: done } = Promise.withResolvers<boolean>();
    const headers = {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'AmazonEC2ContainerServiceV20141113.ListClusters',
      authorization:
        'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/ecs/aws4_request, SignedHeaders=host, Signature=0',
    };
    const asked = request({ host: '127.0.0.1', port, method: 'POST', path: '/', headers, agent: false }, (answer) => {
      answer.resume();
      done(answer.statusCode === 200);
    });
    asked.on('error', () => done(false));
    asked.end('{}');
    return promise;
  };
  try {
    while (!(await ask())) {
      if (child.exitCode !== null) throw new Error(`${line.join(' ')} ended with ${child.exitCode}`);
      await new Promise((wake) => setTimeout(wake, 2));
    }
    return nowMs() - startedAt;
  } finally {
    const gone = new Promise((ended) => child.once('exit', ended));
    child.kill('SIGTERM');
    await gone;
  }
}

/** Process start → first ECS answer, against a bare node:http server in the same run, and against moto where it is installed. */
export async function benchStart(home: string, port: number, barePort: number): Promise<Row[]> {
  const cli = resolve(import.meta.dirname, '../src/cli/cli.ts');
  const bare = resolve(import.meta.dirname, 'bare-server.ts');
  const node = [process.execPath, '--disable-warning=ExperimentalWarning'];
  const moto = spawnSync('python3', ['-c', 'import moto.server']).status === 0;
  const ours: number[] = [];
  const floor: number[] = [];
  const peer: number[] = [];
  // The first round of all makes the home, and the caches of both.
  for (let round = 0; round <= 5; round += 1) {
    const own = await untilFirstAnswer([...node, cli, 'up', '--home', home, '--port', String(port)], process.env, port);
    const least = await untilFirstAnswer([...node, bare], { ...process.env, PORT: String(barePort) }, barePort);
    if (round === 0) continue;
    ours.push(own);
    floor.push(least);
    const motoLine = ['python3', '-m', 'moto.server', '--port', String(barePort)];
    if (moto) peer.push(await untilFirstAnswer(motoLine, process.env, barePort));
  }
  const row = { name: 'process start → first ECS answer', value: median(ours), unit: 'ms' };
  return [
    { ...row, floor: median(floor), against: 'bare node:http' },
    ...(moto ? [{ ...row, floor: median(peer), against: 'moto_server' }] : []),
  ];
}

/** CPU and memory of the control plane while nothing happens, over `forMs`. */
export async function benchIdle(installation: TestInstallation, forMs: number, label: string): Promise<Row[]> {
  const pid = installation.pid();
  /** CPU seconds so far: utime and stime of proc(5), in ticks of 10 ms. */
  const cpu = (): number => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / 100;
  };
  const before = cpu();
  await new Promise((wake) => setTimeout(wake, forMs));
  const used = cpu() - before;
  const rss = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  return [
    { name: `idle CPU, ${label}`, value: (used / (forMs / 1000)) * 100, unit: '% of a core' },
    { name: `memory, ${label}`, value: rss, unit: 'MB' },
  ];
}
