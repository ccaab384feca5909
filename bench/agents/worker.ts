import { WebSocket } from 'ws';
import { nowMs } from '../report.ts';
import type { Order, Report } from './orders.ts';
import { opened, SimulatedAgent } from './simulated-agent.ts';

/** A process of simulated agents, many in one; it does what its parent orders. */
const atOnce = 8;
const agents: SimulatedAgent[] = [];
const bare: WebSocket[] = [];

const tell = (report: Report): void => void process.send?.(report);

async function follow(order: Order): Promise<void> {
  switch (order.kind) {
    case 'join': {
      const onPayload = (
        atMs: number,
        bytes: number,
        { tasks }: { tasks: readonly { arn: string; desiredStatus: string }[] },
      ): void =>
        tell({ kind: 'payload', atMs, bytes, tasks: tasks.map(({ arn, desiredStatus }) => ({ arn, desiredStatus })) });
      await each(order.count, async () => {
        const agent = new SimulatedAgent({ ...order, onPayload });
        await agent.connect();
        agents.push(agent);
      });
      return tell({ kind: 'join' });
    }
    case 'join-bare':
      await each(order.count, async () => {
        const control = await opened(connection(order.port, 'control'));
        control.on('message', () => tell({ kind: 'frame', atMs: nowMs() }));
        bare.push(await opened(connection(order.port, 'telemetry')));
      });
      return tell({ kind: 'join-bare' });
    case 'publish': {
      const all = await Promise.all(agents.map((agent) => agent.publish(order.untilMs)));
      const bytes = Math.max(...all.map((one) => one.bytes));
      return tell({ kind: 'publish', acknowledged: sum(all.map(({ acknowledged }) => acknowledged)), bytes });
    }
    case 'publish-bare': {
      const frame = 'x'.repeat(order.bytes);
      const counts = await Promise.all(bare.map((socket) => converse(socket, frame, order.untilMs)));
      return tell({ kind: 'publish-bare', acknowledged: sum(counts), bytes: order.bytes });
    }
    default:
      return order satisfies never;
  }
}

/** Does something `count` times, a few at a time. */
async function each(count: number, work: () => Promise<void>): Promise<void> {
  let left = count;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (left-- > 0) await work();
    }),
  );
}

function connection(port: number, name: string): WebSocket {
  return new WebSocket(`ws://127.0.0.1:${port}/${name}`, { perMessageDeflate: false });
}

async function converse(socket: WebSocket, frame: string, untilMs: number): Promise<number> {
  let answered = 0;
  while (nowMs() < untilMs) {
    const { promise, resolve } = Promise.withResolvers<void>();
    socket.once('message', () => resolve());
    socket.send(frame);
    await promise;
    answered += 1;
  }
  return answered;
}

function sum(counts: readonly number[]): number {
  return counts.reduce((all, one) => all + one, 0);
}

process.on('message', (order: Order) => {
  follow(order).catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  });
});
