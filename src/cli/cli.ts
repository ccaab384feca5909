import { parseArgs } from 'node:util';
import { holdProcess } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Command } from './command.ts';
import { NotRunningError } from './control-plane-client.ts';
import { installationOf, UsageError } from './installation.ts';
import { PrepareError } from './prepare/prepare.ts';
import { columns, processTerminal } from './terminal.ts';

const terminal = processTerminal();
/** The commands in the order of the help, each loaded when it is asked for. */
const commands: ReadonlyMap<string, () => Promise<Command>> = new Map([
  ['up', async () => (await import('./commands/up.ts')).up],
  ['down', async () => (await import('./commands/down.ts')).down],
  ['status', async () => (await import('./commands/status.ts')).status],
  ['ca', async () => (await import('./commands/ca.ts')).ca],
  ['fleet', async () => (await import('./commands/fleet.ts')).fleet],
  ['explain', async () => (await import('./commands/explain.ts')).explain],
  ['demo', async () => (await import('./commands/demo.ts')).demo],
  ['doctor', async () => (await import('./commands/doctor.ts')).doctor],
  ['env', async () => (await import('./commands/env.ts')).env],
  ['aws', async () => (await import('./commands/aws.ts')).aws],
  ['exec', async () => (await import('./commands/exec.ts')).exec],
  ['logs', async () => (await import('./commands/logs.ts')).logs],
  ['token', async () => (await import('./commands/token.ts')).token],
  ['join', async () => (await import('./commands/join.ts')).join],
  ['leave', async () => (await import('./commands/leave.ts')).leave],
  ['machines', async () => (await import('./commands/machines.ts')).machines],
  ['agent', async () => (await import('./commands/agent.ts')).agent],
  ['reset', async () => (await import('./commands/reset.ts')).reset],
]);

const shared = {
  home: { type: 'string' },
  host: { type: 'string' },
  port: { type: 'string' },
  account: { type: 'string' },
  region: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

async function help(): Promise<void> {
  terminal.line('Stowage: the AWS container platform on machines you own.\n');
  terminal.line('usage: stowage <command> [options]\n');
  const all = await Promise.all([...commands.values()].map((load) => load()));
  for (const line of columns(all.map((command) => [`  ${command.usage}`, command.summary]))) terminal.line(line);
  terminal.line('\nevery command: --home DIR (STOWAGE_HOME), --port N, --account 12-DIGITS, --region NAME, --json');
}

async function run(argv: readonly string[]): Promise<number> {
  const [name = 'help', ...rest] = argv;
  if (name === 'help' || name === '--help' || name === '-h') {
    await help();
    return 0;
  }
  const command = await commands.get(name)?.();
  if (command === undefined) {
    terminal.warn(`there is no command '${name}': 'stowage help' lists them`);
    return 2;
  }
  // What is handed to another program is not ours to parse.
  const parsed = command.passThrough
    ? { values: {}, positionals: [...rest] }
    : parseArgs({ args: [...rest], options: { ...command.options, ...shared }, allowPositionals: true });
  const values: Record<string, unknown> = parsed.values;
  if (values['help'] === true) {
    terminal.line(`usage: stowage ${command.usage}\n\n${command.summary}`);
    return 0;
  }
  return command.run({
    installation: installationOf(values),
    terminal,
    json: values['json'] === true,
    options: values,
    arguments: parsed.positionals,
  });
}

const release = holdProcess();
try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  const known =
    error instanceof UsageError ||
    error instanceof PrepareError ||
    error instanceof NotRunningError ||
    (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS') === true;
  terminal.warn(known ? messageOf(error) : String(error instanceof Error ? (error.stack ?? error) : error));
  process.exitCode = 1;
} finally {
  release();
}
