import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DescribeTasksCommand, ExecuteCommandCommand, RunTaskCommand, UpdateClusterCommand } from '@aws-sdk/client-ecs';
import { CreateKeyCommand, DisableKeyCommand, EnableKeyCommand } from '@aws-sdk/client-kms';
import { CreateBucketCommand, GetObjectCommand } from '@aws-sdk/client-s3';
import { DescribeSessionsCommand, TerminateSessionCommand } from '@aws-sdk/client-ssm';
import { WebSocket as Socket } from 'ws';
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest';
import { locate } from '../../src/cli/prepare/packages.ts';
import { eventually, must, run } from '../support/clients.ts';
import { gone, startInstallation, type TestInstallation } from '../support/installation.ts';
import {
  clientsOf,
  execute,
  runInstanceTask,
  runShellTask,
  runtimeIdOf,
  shellImage,
  startSession,
  targetOf,
  throughPort,
} from './support.ts';

const image = `stowage-exec-test:${process.pid}`;
let installation: TestInstallation;
let task = '';
let main = '';

beforeAll(async () => {
  [installation] = await Promise.all([startInstallation(), shellImage(image)]);
  task = await runShellTask(installation, image);
  main = await runtimeIdOf(installation, task, 'main');
});
afterAll(async () => {
  installation?.remove();
  await run('docker', ['rmi', '--force', image]);
});

/** What runs in the container, as the engine has it. */
const programs = (): Promise<string> => must('docker', ['top', main, '-o', 'pid,args']);

describe('a command executed in a container', () => {
  it('is a shell in a terminal, as root, with the environment of the container', async () => {
    const shell = await execute(installation, task, '/bin/sh');
    await shell.client.ready;
    shell.client.resize(101, 33);
    await shell.type('echo "$((40 + 2)) $(id -u) $COLOUR $TERM"; stty size\n');
    await shell.hears(/42 0 green xterm-256color\r\n33 101\r\n/);
    shell.client.resize(80, 24);
    await eventually('the terminal has its new size', 5000, async () => {
      await shell.type('stty size\n');
      return (await shell.hears(/\d+ \d+\r\n/)) === '24 80\r\n' ? true : undefined;
    });
    // Previous command: the engine would keep this key for itself.
    await shell.type('echo again\n');
    await shell.hears(/again\r\n.*again\r\n/s);
    await shell.type('\u0010');
    await shell.hears(/echo again/);
    await shell.type('\r');
    await shell.hears(/again\r\n/);
    await shell.type('sleep 1000\n');
    await eventually('sleep runs', 5000, async () => ((await programs()).includes('sleep 1000') ? true : undefined));
    await shell.type('\u0003');
    await shell.type('echo interrupted with $?\n');
    await shell.hears(/interrupted with 130/);
    await shell.type('exit\n');
    expect(await shell.client.closed).toBe('');
    const { ssm, logs } = clientsOf(installation);
    const history = await ssm.send(new DescribeSessionsCommand({ State: 'History' }));
    expect(history.Sessions).toMatchObject([
      { SessionId: shell.id, Status: 'Terminated', DocumentName: 'AmazonECS-ExecuteInteractiveCommand' },
    ]);
    const logged = await eventually('the session is logged', 5000, async () => {
      const { events = [] } = await logs.send(
        new FilterLogEventsCommand({ logGroupName: '/exec', logStreamNames: [shell.id] }),
      );
      const text = events.map(({ message }) => message).join('\n');
      return text.includes('interrupted with 130') && text.endsWith('exit') ? text : undefined;
    });
    expect(logged).toContain('42 0 green');
  });

  it('streams ten megabytes up and down without losing a byte, over a connection that is lost on the way', async () => {
    const size = 10 * 1_048_576;
    const session = await execute(installation, task, "/bin/sh -c 'stty raw -echo; echo ready; cat'", 'side');
    await session.hears(/ready\r?\n/);
    session.bytes = 0;
    session.chunks.length = 0;
    const sent = randomBytes(size);
    let dropped = 0;
    session.onData = () => {
      if (dropped < 2 && session.bytes > (dropped + 1) * 3_000_000) {
        dropped += 1;
        session.client.drop();
      }
    };
    await session.client.send(sent);
    await eventually('everything came back', 40_000, () => (session.bytes >= size ? true : undefined));
    expect(Buffer.concat(session.chunks).equals(sent)).toBe(true);
    expect(dropped).toBe(2);
    session.client.terminate();
    expect(await session.client.closed).toBe('');
  });

  it('is ended with all that it started when its session is terminated', async () => {
    const session = await execute(installation, task, "/bin/sh -c 'sleep 2001 & sleep 2002'");
    await eventually('it runs', 10_000, async () => ((await programs()).includes('sleep 2002') ? true : undefined));
    await clientsOf(installation).ssm.send(new TerminateSessionCommand({ SessionId: session.id }));
    expect(await session.client.closed).toBe('');
    await eventually('nothing of it runs', 10_000, async () => (/sleep 200/.test(await programs()) ? undefined : true));
  });

  it('that does not exist says so', async () => {
    const session = await execute(installation, task, '/bin/none');
    expect(await session.client.closed).toMatch(/Unable to start command: Failed to start pty: .*\/bin\/none/);
  });

  it('is a program in the terminal of `stowage exec`, with its output, input and exit status', async () => {
    const cli = resolve(import.meta.dirname, '../../src/cli/cli.ts');
    const { env } = installation;
    const script = 'echo "$COLOUR it\'s"; cat; exit 7';
    const ran = await run(process.execPath, [cli, 'exec', task, '--container', 'main', '--', 'sh', '-c', script], {
      env,
      input: 'typed\n',
    });
    // What is typed ahead may be echoed before the program says anything.
    expect(ran.status).toBe(7);
    expect(ran.stdout).toMatch(/green it's\r\n/);
    expect(ran.stdout.match(/typed\r\n/g)).toHaveLength(2);
    const refused = await run(process.execPath, [cli, 'exec', task, '--container', 'none'], { env });
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('no container named none') as string });
  });

  it('is refused where it cannot be executed, in the words of ECS', async () => {
    const { ecs } = clientsOf(installation);
    const ask = { cluster: 'exec', task, container: 'main', command: 'sh', interactive: true };
    const refusals: [Partial<typeof ask>, string, RegExp][] = [
      [{ cluster: 'none' }, 'ClusterNotFoundException', /Cluster not found/],
      [{ task: 'none' }, 'InvalidParameterException', /referenced task was not found/],
      [{ container: 'none' }, 'InvalidParameterException', /no container named none/],
      [{ container: '' }, 'InvalidParameterException', /multiple containers/],
      [{ interactive: false }, 'InvalidParameterException', /Interactive is the only mode supported currently/],
    ];
    for (const [change, name, message] of refusals) {
      const asked = ecs.send(new ExecuteCommandCommand({ ...ask, ...change }));
      await expect(asked).rejects.toMatchObject({ name, message: expect.stringMatching(message) as string });
    }
    const { tasks } = await ecs.send(new DescribeTasksCommand({ cluster: 'exec', tasks: [task] }));
    const managedAgents = [
      { name: 'ExecuteCommandAgent', lastStatus: 'RUNNING', lastStartedAt: expect.any(Date) as Date },
    ];
    expect(tasks?.[0]?.containers).toMatchObject([{ managedAgents }, { managedAgents }]);
  });

  it('is there for pages of this machine in a browser, and for no other', async () => {
    const { session } = await clientsOf(installation).ecs.send(
      new ExecuteCommandCommand({ cluster: 'exec', task, container: 'main', command: 'sh', interactive: true }),
    );
    const url = session?.streamUrl ?? '';
    const answer = (origin: string): Promise<string> => {
      const { promise, resolve } = Promise.withResolvers<string>();
      const socket = new Socket(url, { origin });
      socket.on('open', () => socket.close());
      socket.on('close', () => resolve('opened'));
      socket.on('error', (error) => resolve(error.message));
      return promise;
    };
    expect(await answer('http://localhost:3000')).toBe('opened');
    expect(await answer('https://example.com')).toMatch(/403/);
    // A token that was not given out opens nothing.
    const closed = Promise.withResolvers<number>();
    const guess = new WebSocket(url);
    guess.addEventListener('open', () => guess.send(JSON.stringify({ TokenValue: 'guess' })));
    guess.addEventListener('close', ({ code }) => closed.resolve(code));
    expect(await closed.promise).toBe(1008);
  });
});

describe('a port of a task', () => {
  const get = (path: string): string => `GET ${path} HTTP/1.0\r\n\r\n`;
  const bodyOf = (answer: Buffer): Buffer => answer.subarray(answer.indexOf('\r\n\r\n') + 4);
  const busybox = readFileSync(locate('busybox') ?? '/bin/busybox');

  it('is reached by its own name for itself, over several connections at once', async () => {
    const session = await startSession(installation, task, 'AWS-StartPortForwardingSession', {
      portNumber: ['8080'],
      localPortNumber: ['0'],
    });
    const answers = await throughPort(session, [get('/bin/busybox'), get('/none'), get('/bin/busybox')]);
    expect(bodyOf(answers[0] ?? Buffer.alloc(0)).equals(busybox)).toBe(true);
    expect(answers[1]?.toString()).toMatch(/^HTTP\/1.\d 404/);
    expect(bodyOf(answers[2] ?? Buffer.alloc(0)).equals(busybox)).toBe(true);
    session.client.terminate();
    expect(await session.client.closed).toBe('');
  });

  it('of another machine is reached by the name that it has in the VPC', async () => {
    const { tasks } = await clientsOf(installation).ecs.send(
      new DescribeTasksCommand({ cluster: 'exec', tasks: [task] }),
    );
    const details = tasks?.[0]?.attachments?.[0]?.details ?? [];
    const host = details.find(({ name }) => name === 'privateDnsName')?.value ?? '';
    // By the hosts file of the container; and by the resolver of the VPC, since a hosts file has no absolute names.
    for (const name of [host, `${host}.`]) {
      const session = await startSession(installation, task, 'AWS-StartPortForwardingSessionToRemoteHost', {
        host: [name],
        portNumber: ['8080'],
      });
      const [answer] = await throughPort(session, [get('/none')]);
      expect(answer?.toString()).toMatch(/404/);
      session.client.terminate();
      await session.client.closed;
    }
  });

  it('where nothing listens is told to the client', async () => {
    const session = await startSession(installation, task, 'AWS-StartPortForwardingSession', { portNumber: ['81'] });
    expect(await throughPort(session, ['x'])).toEqual([Buffer.alloc(0)]);
    expect(session.flags).toEqual([3]);
    session.client.terminate();
    await session.client.closed;
  });
});

it('a task in bridge mode, on an instance, takes commands and has ports as well', async () => {
  const bridged = await runInstanceTask(installation, image);
  const shell = await execute(installation, bridged, '/bin/sh');
  await shell.type('echo $((6 * 7))\n');
  await shell.hears(/42/);
  await shell.type('exit\n');
  expect(await shell.client.closed).toBe('');
  const session = await startSession(installation, bridged, 'AWS-StartPortForwardingSession', { portNumber: ['8080'] });
  const [answer] = await throughPort(session, ['GET /none HTTP/1.0\r\n\r\n']);
  expect(answer?.toString()).toMatch(/404/);
  session.client.terminate();
  await session.client.closed;
});

const plugin = locate('session-manager-plugin');

describe.skipIf(plugin === undefined)('the genuine session-manager-plugin (skipped where none is installed)', () => {
  const aws = (...args: readonly string[]) => {
    const child = spawn('aws', ['--endpoint-url', installation.endpoint, ...args], {
      env: installation.env,
      stdio: ['pipe', 'pipe', 'inherit'],
      // The plugin is a child of the CLI's.
      detached: true,
    });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
    const hears = (pattern: RegExp): Promise<RegExpExecArray> =>
      eventually(`${pattern} in ${text}`, 20_000, () => pattern.exec(text) ?? undefined);
    return { child, ended, hears, type: (typed: string) => child.stdin.write(typed) };
  };

  it('opens a shell', async () => {
    const shell = aws(
      'ecs',
      'execute-command',
      '--cluster',
      'exec',
      '--task',
      task,
      '--container',
      'main',
      '--interactive',
      '--command',
      '/bin/sh',
    );
    await shell.hears(/Starting session with SessionId: ecs-execute-command-0/);
    shell.type('echo "$((40 + 2)) $COLOUR"; stty size\n');
    await shell.hears(/42 green\r\n100 300\r\n/);
    shell.type('exit\n');
    await shell.hears(/Exiting session with sessionId: ecs-execute-command-0/);
    await shell.ended;
  });

  it('forwards a port', async () => {
    const target = await targetOf(installation, task);
    const session = aws(
      'ssm',
      'start-session',
      '--target',
      target,
      '--document-name',
      'AWS-StartPortForwardingSession',
      '--parameters',
      'portNumber=8080,localPortNumber=0',
    );
    const [, port] = await session.hears(/Port (\d+) opened for sessionId/);
    await session.hears(/Waiting for connections/);
    const answers = await Promise.all(
      [1, 2, 3].map(async () => Buffer.from(await (await fetch(`http://localhost:${port}/bin/busybox`)).arrayBuffer())),
    );
    const busybox = readFileSync(locate('busybox') ?? '/bin/busybox');
    expect(answers.every((answer) => answer.equals(busybox))).toBe(true);
    process.kill(-(session.child.pid ?? 0), 'SIGINT');
    await session.ended;
  });
});

it('a session is encrypted with the key that the cluster names, and logged by a group that has one', async () => {
  const { kms, logs } = clientsOf(installation);
  const { env, endpoint } = installation;
  const aws = (...args: readonly string[]): Promise<string> =>
    must('aws', ['--endpoint-url', endpoint, ...args], { env });
  const KeyId = (await kms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn ?? '';
  await aws('logs', 'create-log-group', '--log-group-name', '/sealed', '--kms-key-id', KeyId);
  const logConfiguration = { cloudWatchLogGroupName: '/sealed', cloudWatchEncryptionEnabled: true };
  const executeCommandConfiguration = { kmsKeyId: KeyId, logging: 'OVERRIDE', logConfiguration };
  const configuration = JSON.stringify({ executeCommandConfiguration });
  await aws('ecs', 'update-cluster', '--cluster', 'exec', '--configuration', configuration);
  const target = await targetOf(installation, task);
  const shell = await execute(installation, task, '/bin/sh', 'main', target);
  await shell.type('echo "$((40 + 2)) $COLOUR"\n');
  await shell.hears(/42 green/);
  await shell.type('exit\n');
  expect(await shell.client.closed).toBe('');
  const cli = resolve(import.meta.dirname, '../../src/cli/cli.ts');
  const ran = await run(process.execPath, [cli, 'exec', task, '--container', 'main', '--', 'echo', 'it'], { env });
  expect(ran).toMatchObject({ status: 0, stdout: expect.stringContaining('it\r\n') as string });
  const logged = async (): Promise<string> => {
    const { events = [] } = await logs.send(
      new FilterLogEventsCommand({ logGroupName: '/sealed', logStreamNames: [shell.id] }),
    );
    return events.map(({ message }) => message).join('\n');
  };
  await eventually('it is logged', 10_000, async () => ((await logged()).endsWith('exit') ? true : undefined));
  await kms.send(new DisableKeyCommand({ KeyId }));
  await expect(logged()).rejects.toMatchObject({ name: 'AccessDeniedException' });
  const refused = await execute(installation, task, '/bin/sh', 'main', target);
  expect(await refused.client.closed).toMatch(/KMSEncryption failed on client with status 2.* is disabled\./);
  await kms.send(new EnableKeyCommand({ KeyId }));
  expect(await logged()).toContain('42 green');
  // Bound to another session, the data key is none.
  const other = await execute(installation, task, '/bin/sh', 'main', 'ecs:other');
  expect(await other.client.closed).toContain('Error when decrypting data key InvalidCiphertextException');
});

it('a control plane that is killed leaves no program behind, and its sessions are over and logged', async () => {
  onTestFailed(() => console.log(readFileSync(join(installation.home, 'control-plane.log'), 'utf8').slice(-4000)));
  const { ecs, s3, ssm } = clientsOf(installation);
  await s3.send(new CreateBucketCommand({ Bucket: 'sessions' }));
  const logConfiguration = { s3BucketName: 'sessions', s3KeyPrefix: 'exec', s3EncryptionEnabled: true };
  await ecs.send(
    new UpdateClusterCommand({
      cluster: 'exec',
      configuration: { executeCommandConfiguration: { logging: 'OVERRIDE', logConfiguration } },
    }),
  );
  const logOf = async (id: string): Promise<string | undefined> =>
    (await s3.send(new GetObjectCommand({ Bucket: 'sessions', Key: `exec/${id}.log` }))).Body?.transformToString();
  const session = await execute(installation, task, "/bin/sh -c 'echo before the end; sleep 3000'");
  await session.hears(/before the end/);
  await eventually('it runs', 10_000, async () => ((await programs()).includes('sleep 3000') ? true : undefined));
  const pid = installation.pid();
  process.kill(pid, 'SIGKILL');
  await gone(pid);
  installation.stowage('up', '--detach');
  expect(await session.client.closed).toBe('');
  await eventually('nothing of it runs', 15_000, async () => (/sleep 300/.test(await programs()) ? undefined : true));
  expect(await eventually('what it printed is in S3', 10_000, () => logOf(session.id))).toBe('before the end\r\n');
  const { Sessions } = await ssm.send(new DescribeSessionsCommand({ State: 'Active' }));
  expect(Sessions).toEqual([]);
  const again = await execute(installation, task, '/bin/sh');
  await again.type('echo $((6 * 7))\n');
  await again.hears(/42/);
  again.client.terminate();
  await again.client.closed;
  expect(await eventually('what it printed is in S3', 10_000, () => logOf(again.id))).toContain('42');
});

it('a task run without ECS Exec takes no command', async () => {
  const { ecs } = clientsOf(installation);
  const described = await ecs.send(new DescribeTasksCommand({ cluster: 'exec', tasks: [task] }));
  const subnet = described.tasks?.[0]?.attachments?.[0]?.details?.find(({ name }) => name === 'subnetId')?.value ?? '';
  const { tasks } = await ecs.send(
    new RunTaskCommand({
      cluster: 'exec',
      taskDefinition: 'shell',
      launchType: 'FARGATE',
      networkConfiguration: { awsvpcConfiguration: { subnets: [subnet] } },
    }),
  );
  const asked = ecs.send(
    new ExecuteCommandCommand({
      cluster: 'exec',
      task: tasks?.[0]?.taskArn ?? '',
      container: 'main',
      command: 'sh',
      interactive: true,
    }),
  );
  await expect(asked).rejects.toMatchObject({
    message: expect.stringMatching(/execute command was not enabled/) as string,
  });
});
