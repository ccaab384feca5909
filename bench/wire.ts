import { fork } from 'node:child_process';
import { Agent, request } from 'node:http';
import { DescribeClustersCommand, CreateClusterCommand, ECSClient } from '@aws-sdk/client-ecs';
import type { TestInstallation } from '../test/support/installation.ts';
import { median, nowMs, type Row } from './report.ts';

/** Requests a second over `connections` keep-alive connections, for about `forMs`. */
async function requestsPerSecond(
  port: number,
  headers: Record<string, string>,
  body: string,
  forMs: number,
): Promise<number> {
  const connections = 16;
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const one = (): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const asked = request({ port, host: '127.0.0.1', method: 'POST', path: '/', agent, headers }, (answer) => {
      answer.resume();
      answer.on('end', () =>
        answer.statusCode === 200 ? resolve() : reject(new Error(`status ${answer.statusCode}`)),
      );
    });
    asked.on('error', reject);
    asked.end(body);
    return promise;
  };
  const until = nowMs() + forMs;
  const startedAt = nowMs();
  let answered = 0;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (nowMs() < until) {
        await one();
        answered += 1;
      }
    }),
  );
  agent.destroy();
  return answered / ((nowMs() - startedAt) / 1000);
}

/** DescribeClusters a second, signed, against a bare node:http server that answers the same bytes. */
export async function benchWire(installation: TestInstallation): Promise<Row[]> {
  const client = new ECSClient({
    endpoint: installation.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  await client.send(new CreateClusterCommand({ clusterName: 'bench' }));
  // One request as the SDK signs it, to be repeated byte for byte.
  let headers: Record<string, string> = {};
  let body = '';
  client.middlewareStack.add(
    (next) => (args) => {
      const sent = args.request as { headers: Record<string, string>; body: string };
      headers = sent.headers;
      body = sent.body;
      return next(args);
    },
    { step: 'finalizeRequest', priority: 'low' },
  );
  const answer = await client.send(new DescribeClustersCommand({ clusters: ['bench'] }));
  const bare = fork(new URL('bare-server.ts', import.meta.url), {
    env: { ...process.env, BODY: JSON.stringify(answer) },
  });
  const port = await new Promise<number>((resolve) => bare.once('message', (message) => resolve(message as number)));
  try {
    const ours: number[] = [];
    const floor: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      ours.push(await requestsPerSecond(installation.port, headers, body, 1500));
      floor.push(await requestsPerSecond(port, headers, body, 1500));
    }
    return [
      {
        name: 'DescribeClusters, 16 connections',
        value: median(ours),
        unit: 'req/s',
        floor: median(floor),
        against: 'bare node:http',
        rate: true,
      },
    ];
  } finally {
    bare.kill();
  }
}
