import { DriverError, messageOf } from '../../base/errors.ts';
import { runCommand } from '../../base/command.ts';
import {
  blackholeName,
  blackholeScript,
  endBlackholeScript,
  endShapingLine,
  parseBlackholes,
  parseShaping,
  shapingLines,
  type NetworkFault,
  type RunningFaults,
} from './faults.ts';
import { Netns, unlessMissing } from './netns.ts';

/** The interface of a task inside its namespace. */
const device = 'eth0';

/** The injuries of one task's network, which its own namespace remembers. */
export class LinuxFaults {
  readonly #netns: Netns | undefined;
  readonly #interfaceId: string;

  /** `pid`: a process of the namespace; `undefined` when nothing is attached. */
  constructor(interfaceId: string, pid: number | undefined) {
    this.#interfaceId = interfaceId;
    this.#netns = pid === undefined ? undefined : new Netns(`/proc/${pid}/ns/net`);
  }

  async start(fault: NetworkFault): Promise<void> {
    const netns = this.#inside();
    const running = await this.list();
    if (fault.kind === 'blackhole') {
      if (!running.blackholes.includes(blackholeName(fault))) await netns.nft(blackholeScript(fault));
      return;
    }
    if (running.shaping !== undefined) return;
    try {
      await runTc(netns, shapingLines(fault, device));
    } catch (error) {
      await runTc(netns, [endShapingLine(device)]).catch(() => {});
      throw new DriverError('fatal', messageOf(error), { cause: error });
    }
  }

  async stop(fault: string): Promise<void> {
    const netns = this.#inside();
    const running = await this.list();
    if (running.blackholes.includes(fault)) await unlessMissing(netns.nft(endBlackholeScript(fault)));
    else if (running.shaping === fault) await runTc(netns, [endShapingLine(device)]);
  }

  async list(): Promise<RunningFaults> {
    const netns = this.#inside();
    const [chains, queues] = await Promise.all([
      netns.run('nft', 'list', 'chains', 'inet'),
      netns.run('tc', '-j', 'qdisc', 'show', 'dev', device),
    ]);
    const shaping = parseShaping(queues);
    return { blackholes: parseBlackholes(chains), ...(shaping === undefined ? {} : { shaping }) };
  }

  #inside(): Netns {
    if (this.#netns === undefined) throw new DriverError('gone', `${this.#interfaceId} is not attached`);
    return this.#netns;
  }
}

/** Runs `tc` on several lines; it stops at the first that fails. */
export async function runTc(netns: Netns, lines: readonly string[]): Promise<void> {
  await runCommand(...netns.command('tc', ['-batch', '-']), { input: `${lines.join('\n')}\n` });
}
