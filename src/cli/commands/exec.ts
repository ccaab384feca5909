import { systemClock } from '../../base/clock.ts';
import { systemIds } from '../../base/ids.ts';
import { DataChannelClient, type ChannelAccess, type DataKey } from '../../gateway/client.ts';
import { dataKeyBytes } from '../../gateway/channel-cipher.ts';
import { sessionTarget } from '../../model/ssm/session.ts';
import type { Command } from '../command.ts';
import { callAws } from '../control-plane-client.ts';
import { UsageError, type Installation } from '../installation.ts';

interface Executed {
  readonly clusterArn: string;
  readonly taskArn: string;
  readonly containerName: string;
  readonly session: { readonly sessionId: string; readonly streamUrl: string; readonly tokenValue: string };
}

interface Described {
  readonly tasks: readonly { readonly containers: readonly { readonly name: string; readonly runtimeId?: string }[] }[];
}

interface Generated {
  readonly Plaintext: string;
  readonly CiphertextBlob: string;
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
    const executed = await callAws<Executed>(installation, 'ecs', `${ecs}.ExecuteCommand`, {
      task,
      cluster: options['cluster'] ?? clusterOf(task),
      container: options['container'],
      command: (words.length > 0 ? words : ['/bin/sh']).map(quoted).join(' '),
      interactive: true,
    });
    const { session } = executed;
    const client = new DataChannelClient({
      clock: systemClock,
      ids: systemIds,
      access: session,
      resume: () => resume(installation, session.sessionId),
      generateDataKey: (keyId) => generateDataKey(installation, keyId, executed),
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

/** A data key for the session, where the cluster has a key for what goes through it. */
async function generateDataKey(
  installation: Installation,
  KeyId: string,
  { clusterArn, taskArn, containerName, session }: Executed,
): Promise<DataKey> {
  const [cluster = '', task = ''] = [clusterArn, taskArn].map((arn) => arn.slice(arn.lastIndexOf('/') + 1));
  const { tasks } = await callAws<Described>(installation, 'ecs', `${ecs}.DescribeTasks`, { cluster, tasks: [task] });
  const container = tasks[0]?.containers.find(({ name }) => name === containerName);
  const target = sessionTarget(cluster, task, container?.runtimeId ?? '');
  const { Plaintext, CiphertextBlob } = await callAws<Generated>(installation, 'kms', 'TrentService.GenerateDataKey', {
    KeyId,
    NumberOfBytes: dataKeyBytes,
    EncryptionContext: { 'aws:ssm:SessionId': session.sessionId, 'aws:ssm:TargetId': target },
  });
  return { plaintext: Buffer.from(Plaintext, 'base64'), ciphertext: Buffer.from(CiphertextBlob, 'base64') };
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
