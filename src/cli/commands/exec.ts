import { systemClock } from '../../base/clock.ts';
import { systemIds } from '../../base/ids.ts';
import { DataChannelClient, type ChannelAccess } from '../../gateway/client.ts';
import type { Command } from '../command.ts';
import { callAws } from '../control-plane-client.ts';
import { UsageError, type Installation } from '../installation.ts';

interface Executed {
  readonly session: { readonly sessionId: string; readonly streamUrl: string; readonly tokenValue: string };
}

interface Resumed {
  readonly StreamUrl?: string;
  readonly TokenValue?: string;
}

/** What ends a program's input where there is a terminal: Ctrl-D. */
const endOfInput = Uint8Array.of(0x04);

/** `stowage exec`: a program in a container of a task, in this terminal. Its exit status is the command's. */
export const exec: Command = {
  name: 'exec',
  usage: 'exec TASK [--cluster NAME] [--container NAME] [-- COMMAND …]',
  summary: 'run a program (a shell unless given) in a container of a task',
  options: { cluster: { type: 'string' }, container: { type: 'string' } },
  async run({ installation, terminal, options, arguments: [task, ...words] }) {
    if (task === undefined) throw new UsageError('which task? give its id or its ARN: stowage exec TASK');
    const { session } = await callAws<Executed>(installation, 'ecs', `${ecs}.ExecuteCommand`, {
      task,
      cluster: options['cluster'] ?? clusterOf(task),
      container: options['container'],
      command: (words.length > 0 ? words : ['/bin/sh']).map(quoted).join(' '),
      interactive: true,
    });
    const client = new DataChannelClient({
      clock: systemClock,
      ids: systemIds,
      access: session,
      resume: () => resume(installation, session.sessionId),
      onData: (data) => void process.stdout.write(data),
    });
    const detach = attach(client);
    try {
      const output = await client.closed;
      if (output !== '') terminal.warn(output.trim());
      return client.exitCode ?? (output === '' ? 0 : 1);
    } finally {
      detach();
    }
  },
};

const ecs = 'AmazonEC2ContainerServiceV20141113';

/** The cluster that a task's ARN names. */
function clusterOf(task: string): string | undefined {
  return task.startsWith('arn:') ? task.split('/')[1] : undefined;
}

/** A word that comes out of ExecuteCommand's splitting as it went in. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", `'"'"'`)}'`;
}

async function resume(installation: Installation, id: string): Promise<ChannelAccess | undefined> {
  const resumed = await callAws<Resumed>(installation, 'ssm', 'AmazonSSM.ResumeSession', { SessionId: id });
  const { StreamUrl: streamUrl, TokenValue: tokenValue } = resumed;
  return streamUrl === undefined || tokenValue === undefined ? undefined : { streamUrl, tokenValue };
}

/** Joins this process's terminal and the session's, until the returned function is called. */
function attach(client: DataChannelClient): () => void {
  const { stdin, stdout } = process;
  const resize = (): void => client.resize(stdout.columns ?? 80, stdout.rows ?? 24);
  const onData = (data: Uint8Array): void => {
    // What is typed waits while the session cannot take it.
    stdin.pause();
    client.send(data).then(
      () => stdin.resume(),
      () => {},
    );
  };
  const onEnd = (): void => void client.send(endOfInput).catch(() => {});
  client.ready.then(
    () => {
      resize();
      stdout.on('resize', resize);
      if (stdin.isTTY) stdin.setRawMode(true);
      stdin.on('data', onData);
      stdin.on('end', onEnd);
      stdin.resume();
    },
    () => {},
  );
  return () => {
    stdout.off('resize', resize);
    stdin.off('data', onData);
    stdin.off('end', onEnd);
    if (stdin.isTTY) stdin.setRawMode(false);
    stdin.pause();
  };
}
