import { messageOf } from '../../base/errors.ts';
import { runCommand } from '../../base/command.ts';
import { clientEnvironment } from '../commands/env.ts';
import { endpointOf, type Installation } from '../installation.ts';
import type { Terminal } from '../terminal.ts';

/** The unmodified clients, as a user would call them: every command line is shown before it runs. */
export interface Clients {
  /** Runs `aws …` and answers its JSON. */
  aws<Answer>(...args: readonly string[]): Promise<Answer>;
  /** Runs `aws …` and answers its text. */
  awsText(...args: readonly string[]): Promise<string>;
  /** Runs `docker …`, with `input` on its standard input. */
  docker(args: readonly string[], input?: string): Promise<string>;
}

/** Clients of an installation. */
export function clientsOf(installation: Installation, terminal: Terminal): Clients {
  const env = { ...process.env, ...clientEnvironment(installation) };
  // Given as an option too, for CLIs that do not know AWS_ENDPOINT_URL; not shown, since a current one needs no option.
  const endpoint = ['--endpoint-url', endpointOf(installation)];
  const show = (program: string, args: readonly string[]): void => {
    const words = args.map((arg) => (/^[\w./:=,@+-]+$/.test(arg) ? arg : `'${arg.replaceAll(/\s+/g, ' ')}'`));
    terminal.line(terminal.dim(`  $ ${[program, ...words].join(' ')}`));
  };
  const awsText = async (...args: readonly string[]): Promise<string> => {
    show('aws', args);
    return (await runCommand('aws', [...endpoint, ...args], { env })).stdout.trim();
  };
  return {
    awsText,
    async aws<Answer>(...args: readonly string[]) {
      const text = await awsText(...args, '--output', 'json');
      return (text === '' ? {} : JSON.parse(text)) as Answer;
    },
    async docker(args, input) {
      show('docker', args);
      return (await runCommand('docker', args, { env, ...(input === undefined ? {} : { input }) })).stdout.trim();
    },
  };
}

/** The answer of a describe call, or `undefined` when it fails because there is no such thing yet. */
export async function existing<Answer>(
  describe: () => Promise<Answer>,
  notFoundCode: string,
): Promise<Answer | undefined> {
  try {
    return await describe();
  } catch (error) {
    if (messageOf(error).includes(notFoundCode)) return undefined;
    throw error;
  }
}
