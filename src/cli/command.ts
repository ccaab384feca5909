import type { ParseArgsConfig } from 'node:util';
import type { Installation } from './installation.ts';
import type { Terminal } from './terminal.ts';

/** What a command is given. */
export interface Invocation {
  readonly installation: Installation;
  readonly terminal: Terminal;
  /** Print data as JSON, and nothing else on standard output. */
  readonly json: boolean;
  readonly options: Readonly<Record<string, unknown>>;
  readonly arguments: readonly string[];
}

/** One command of the CLI. */
export interface Command {
  readonly name: string;
  readonly usage: string;
  readonly summary: string;
  readonly options: NonNullable<ParseArgsConfig['options']>;
  /** The arguments are another program's: they are not parsed. */
  readonly passThrough?: true;
  /** Answers the exit status. */
  run(invocation: Invocation): Promise<number>;
}
