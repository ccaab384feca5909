import { spawn } from 'node:child_process';
import { mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../base/errors.ts';
import { eventually } from './control-plane-client.ts';
import { alive, UsageError } from './installation.ts';

/** What the agent of a machine that joined writes into its home. */
export interface RunningAgent {
  readonly pid: number;
  /** Whether it has had a session with the control plane. */
  readonly connected: boolean;
}

const fileIn = (home: string): string => join(home, 'agent.json');

/** The agent of this home, if one runs. */
export function runningAgent(home: string): RunningAgent | undefined {
  try {
    const agent = JSON.parse(readFileSync(fileIn(home), 'utf8')) as RunningAgent;
    // A process id is used again one day: only a program of ours counts.
    const command = readFileSync(`/proc/${agent.pid}/cmdline`, 'utf8');
    return alive(agent.pid) && command.includes('join') ? agent : undefined;
  } catch {
    return undefined;
  }
}

/** Writes down that this process is the agent. */
export function writeAgent(home: string, agent: RunningAgent): void {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  writeFileSync(fileIn(home), `${JSON.stringify(agent)}\n`);
}

/** Forgets it. */
export function clearAgent(home: string): void {
  rmSync(fileIn(home), { force: true });
}

/** Starts an agent in the background and returns once it is connected. Throws a `UsageError` with the end of its log. */
export async function startDetached(home: string): Promise<{ pid: number; logFile: string }> {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const logFile = join(home, 'agent.log');
  const log = openSync(logFile, 'a', 0o600);
  const cli = fileURLToPath(new URL('cli.ts', import.meta.url));
  const child = spawn(process.execPath, [...process.execArgv, cli, 'join', '--home', home], {
    detached: true,
    stdio: ['ignore', log, log],
  });
  let failure: string | undefined;
  child.on('error', (error) => (failure = messageOf(error)));
  child.on('exit', (status) => (failure = `the agent ended with status ${status}`));
  child.unref();
  const running = await eventually(60_000, () => {
    const agent = runningAgent(home);
    return Promise.resolve(failure !== undefined || agent?.connected === true ? { agent } : undefined);
  });
  if (running?.agent === undefined || failure !== undefined) {
    const tail = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-5).join('\n');
    throw new UsageError(
      `${failure ?? 'the agent was not connected within a minute; it goes on trying'}:\n${tail}\n(${logFile})`,
    );
  }
  return { pid: running.agent.pid, logFile };
}

/** Ends the agent of a home; what it runs goes on. Answers its process id, if there was one. */
export async function stopAgent(home: string): Promise<number | undefined> {
  const agent = runningAgent(home);
  if (agent === undefined) return undefined;
  process.kill(agent.pid, 'SIGTERM');
  const gone = await eventually(30_000, () => Promise.resolve(alive(agent.pid) ? undefined : true));
  if (gone === undefined)
    throw new UsageError(`process ${agent.pid} did not end within 30 s: kill -9 ${agent.pid} is safe`);
  clearAgent(home);
  return agent.pid;
}
