import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { silentLog } from '../../base/log.ts';
import { FakeDocker } from '../../drivers/docker/fake.ts';
import { FakeNetworkDriver } from '../../drivers/network/fake.ts';
import { tunnelWindow, type TunnelReport, type TunnelTarget } from '../../wire/tunnel.ts';
import { container, payload } from '../control-for-tests.ts';
import { newTaskView, type TaskView } from '../tasks/view.ts';
import { Tunnels } from './tunnels.ts';

const agents = [{ name: 'ExecuteCommandAgent', properties: {} }];

/** A task with a running container `web` on fakes, and what its machine says of tunnels. */
async function machine() {
  const docker = new FakeDocker({ clock: systemClock });
  docker.addImage('shell:latest');
  const spec = container('web', 'sleep 1000', { managedAgents: agents });
  const id = await docker.create({
    name: 'web',
    image: 'shell:latest',
    labels: {},
    env: {},
    command: ['/bin/sh', '-c', 'sleep 1000'],
    config: {},
    hostConfig: {},
  });
  await docker.start(id);
  const empty = newTaskView(payload(0, [spec]));
  const task: TaskView = {
    ...empty,
    containers: empty.containers.map((each) => ({ ...each, id, phase: 'running' as const })),
  };
  const said: TunnelReport[] = [];
  let wake = (): void => {};
  const network = new FakeNetworkDriver();
  const tunnels = new Tunnels({
    docker,
    network,
    log: silentLog,
    send: (message) => {
      said.push(message);
      wake();
    },
    tasks: () => [task],
  });
  /** Resolves with what `look` finds in what was said, as soon as it does. */
  const until = async <T>(look: () => T | undefined): Promise<T> => {
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
  const text = (): string =>
    said
      .map((each) => (each.type === 'StowageTunnelData' ? Buffer.from(each.message.data, 'base64').toString() : ''))
      .join('');
  const ending = () => said.find((each) => each.type === 'StowageTunnelClosed')?.message;
  const open = (to: TunnelTarget, taskArn = task.payload.arn): void =>
    tunnels.take({ type: 'StowageTunnelOpen', message: { tunnelId: 't', taskArn, to } });
  const write = (data: string): void =>
    tunnels.take({
      type: 'StowageTunnelData',
      message: { tunnelId: 't', data: Buffer.from(data).toString('base64') },
    });
  const command = (script: string): TunnelTarget => ({
    kind: 'command',
    container: 'web',
    command: ['/bin/sh', '-c', script],
    columns: 90,
    rows: 30,
  });
  return { docker, tunnels, task, said, until, text, ending, open, write, command };
}

describe('a tunnel', () => {
  it('carries a terminal, its size, and how the program ended', async () => {
    const { tunnels, until, text, ending, open, write, command } = await machine();
    open(command('read line; stty size; exit 3'));
    tunnels.take({ type: 'StowageTunnelResize', message: { tunnelId: 't', columns: 100, rows: 40 } });
    write('go\n');
    expect(await until(ending)).toEqual({ tunnelId: 't', exitCode: 3 });
    expect(text()).toBe('40 100\r\n');
  });

  it('says why it leads nowhere', async () => {
    const { until, ending, open, command, said } = await machine();
    open(command('echo'), 'no such task');
    expect(await until(ending)).toEqual({ tunnelId: 't', error: 'the task does not run' });
    said.length = 0;
    open({ kind: 'command', container: 'web', command: ['/no/such'], columns: 0, rows: 0 });
    expect((await until(ending)).error).toMatch(/not found/);
    said.length = 0;
    open({ kind: 'command', container: 'db', command: ['sh'], columns: 0, rows: 0 });
    expect((await until(ending)).error).toBe('the container does not run');
    said.length = 0;
    open({ kind: 'port', host: '127.0.0.1', port: 1 });
    expect((await until(ending)).error).toMatch(/ECONNREFUSED/);
  });

  it('sends no more than is credited', async () => {
    const { tunnels, until, text, open, write, command, said } = await machine();
    open(command('cat'));
    const chunk = 'x'.repeat(tunnelWindow / 2);
    for (let count = 0; count < 3; count++) write(chunk);
    await until(() => (text().length >= tunnelWindow ? true : undefined));
    // Input is credited as it is passed on; output waits for its credit.
    expect(said.some(({ type }) => type === 'StowageTunnelCredit')).toBe(true);
    await systemClock.sleep(0);
    expect(text()).toHaveLength(tunnelWindow);
    tunnels.take({ type: 'StowageTunnelCredit', message: { tunnelId: 't', bytes: tunnelWindow } });
    await until(() => (text().length === 3 * chunk.length ? true : undefined));
    await tunnels.close();
  });

  it('ends what runs in it when it is closed, or nobody is there any more', async () => {
    for (const way of ['close', 'disconnect'] as const) {
      const { docker, tunnels, until, text, open, command, said } = await machine();
      open(command('echo on; sleep 1000'));
      await until(() => (text() === 'on\r\n' ? true : undefined));
      if (way === 'close') tunnels.take({ type: 'StowageTunnelClose', message: { tunnelId: 't' } });
      else tunnels.disconnected();
      await tunnels.close();
      expect(docker.execCount).toBe(0);
      expect(said.some(({ type }) => type === 'StowageTunnelClosed')).toBe(false);
    }
  });

  it('of an agent that was killed is ended by the next one', async () => {
    const { docker, tunnels, task, until, text, open, command } = await machine();
    open(command('echo on; sleep 1000'));
    await until(() => (text() === 'on\r\n' ? true : undefined));
    await tunnels.endAbandoned([task]);
    expect(docker.execCount).toBe(1);
    docker.abandonExecs();
    await tunnels.endAbandoned([task]);
    expect(docker.execCount).toBe(0);
  });

  it('carries a connection to a port', async () => {
    const server = createServer((socket) => {
      socket.on('data', (data: Buffer) => socket.end(`heard ${data.toString()}`));
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once('listening', resolve));
    const { until, text, ending, open, write } = await machine();
    open({ kind: 'port', host: '127.0.0.1', port: (server.address() as AddressInfo).port });
    write('hello');
    expect(await until(ending)).toEqual({ tunnelId: 't' });
    expect(text()).toBe('heard hello');
  });
});
