import { systemClock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { silentLog } from '../../base/log.ts';
import type { MachineIdentity } from '../../main/joined/identity.ts';
import type { LeaveAnswer } from '../../wire/join.ts';
import type { Command } from '../command.ts';
import { eventually } from '../control-plane-client.ts';
import { UsageError } from '../installation.ts';
import { runningAgent, stopAgent } from '../machine-agent.ts';
import { prepareMachine } from '../prepare/prepare.ts';

const askAgainMs = 500;

/** `stowage leave`: this machine runs no tasks of the control plane any more. */
export const leave: Command = {
  name: 'leave',
  usage: 'leave [--forget]',
  summary: 'let this machine leave the control plane that it joined: its tasks are replaced first',
  options: { forget: { type: 'boolean' } },
  async run({ installation: { home, id }, terminal, json, options }) {
    const { readIdentity, forgetIdentity } = await import('../../main/joined/identity.ts');
    const identity = readIdentity(home);
    if (identity === undefined) throw new UsageError(`no machine of ${home} has joined`);
    // With --forget the control plane is not asked: it finds the machine lost.
    if (options['forget'] !== true) await askToLeave(home, identity, json ? () => {} : (text) => terminal.step(text));
    await stopAgent(home);
    await prepareMachine('serve', { ...terminal, done: () => {}, step: () => {} });
    const { removeJoined } = await import('../../main/joined/remove.ts');
    await removeJoined(home, id, identity.publicPool);
    forgetIdentity(home);
    if (json) terminal.json({ left: identity.machineId });
    else terminal.done(`this machine has left (${identity.machineId})`);
    return 0;
  },
};

/** Tells the control plane, and waits until nothing of the machine is left and its agent has heard so. */
async function askToLeave(home: string, identity: MachineIdentity, tell: (text: string) => void): Promise<void> {
  const { isRemoved, post } = await import('../../main/joined/control.ts');
  const { readIdentity } = await import('../../main/joined/identity.ts');
  const { control: url, region, key, machineId } = identity;
  const access = { url, region, key: () => readIdentity(home)?.key ?? key, clock: systemClock, log: silentLog };
  let told = -1;
  for (;;) {
    const answer = await post<LeaveAnswer>(access, 'leave', {}).catch((error: unknown): LeaveAnswer => {
      if (isRemoved(error)) return { left: true, tasks: 0 };
      throw new UsageError(
        `${messageOf(error)}: 'stowage leave --forget' and 'stowage machines remove ${machineId} --force' do it from both sides`,
      );
    });
    if (answer.left) break;
    if (answer.tasks !== told) tell(`leaving: ${answer.tasks} tasks still run here`);
    told = answer.tasks;
    await systemClock.sleep(askAgainMs);
  }
  // The agent removes what there was once it hears of it; where none runs, we do.
  await eventually(30_000, () => Promise.resolve(runningAgent(home) === undefined ? true : undefined));
}
