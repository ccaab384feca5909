import { parseArgs } from 'node:util';
import { holdProcess } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import { aws } from './commands/aws.ts';
import { demo } from './commands/demo.ts';
import { doctor } from './commands/doctor.ts';
import { down } from './commands/down.ts';
import { env } from './commands/env.ts';
import { logs } from './commands/logs.ts';
import { reset } from './commands/reset.ts';
import { status } from './commands/status.ts';
import { up } from './commands/up.ts';
import type { Command } from './command.ts';
import { NotRunningError } from './control-plane-client.ts';
import { installationOf, UsageError } from './installation.ts';
import { PrepareError } from './prepare/prepare.ts';
import { columns, processTerminal } from './terminal.ts';

const terminal = processTerminal();
const commands: readonly Command[] = [up, down, status, demo, doctor, env, aws, logs, reset];

const shared = {
  home: { type: 'string' },
  host: { type: 'string' },
  port: { type: 'string' },
  account: { type: 'string' },
  region: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

function help(): void {
  terminal.line('Stowage: the AWS container platform on machines you own.\n');
  terminal.line('usage: stowage <command> [options]\n');
  for (const line of columns(commands.map((command) => [`  ${command.usage}`, command.summary]))) terminal.line(line);
  terminal.line('\nevery command: --home DIR (STOWAGE_HOME), --port N, --account 12-DIGITS, --region NAME, --json');
}

async function run(argv: readonly string[]): Promise<number> {
  const [name = 'help', ...rest] = argv;
  if (name === 'help' || name === '--help' || name === '-h') {
    help();
    return 0;
  }
  const command = commands.find((candidate) => candidate.name === name);
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
