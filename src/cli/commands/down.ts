import type { Command } from '../command.ts';
import { eventually, healthOf } from '../control-plane-client.ts';
import { alive, clearRunning, UsageError, type Installation } from '../installation.ts';
import { stopAgent } from '../machine-agent.ts';
import { prepareMachine } from '../prepare/prepare.ts';

/** Ends the control plane of an installation and waits until it is gone; answers its process id if one ran. */
export async function stopControlPlane(installation: Installation): Promise<number | undefined> {
  const running = await healthOf(installation);
  if (running === undefined) return undefined;
  process.kill(running.pid, 'SIGTERM');
  const gone = await eventually(30_000, () => Promise.resolve(alive(running.pid) ? undefined : true));
  if (gone === undefined)
    throw new UsageError(`process ${running.pid} did not end within 30 s: kill -9 ${running.pid} is safe`);
  clearRunning(installation.home);
  return running.pid;
}

/** `stowage down`: the control plane ends, tasks and balancers go on; with `--all` those end too. */
export const down: Command = {
  name: 'down',
  usage: 'down [--all]',
  summary: 'stop the control plane; --all: its tasks, balancers and networks too',
  options: { all: { type: 'boolean' } },
  async run({ installation, terminal, json, options }) {
    const agentPid = await stopAgent(installation.home);
    if (agentPid !== undefined) {
      if (json) terminal.json({ stopped: agentPid });
      else
        terminal.done(
          `the agent of this machine (process ${agentPid}) has stopped; tasks go on running, 'stowage leave' ends them`,
        );
      return 0;
    }
    const pid = await stopControlPlane(installation);
    const removed = { containers: 0, balancers: 0, vpcs: 0 };
    if (options['all'] === true) {
      await prepareMachine('serve', json ? { ...terminal, done: () => {}, step: () => {} } : terminal);
      const { removeEverything } = await import('../../main/remove-everything.ts');
      Object.assign(removed, await removeEverything(installation));
    }
    if (json) {
      terminal.json({ stopped: pid ?? null, removed });
      return 0;
    }
    if (pid === undefined) terminal.line(`no control plane of ${installation.home} was running`);
    else terminal.done(`the control plane (process ${pid}) has stopped`);
    if (options['all'] === true) {
      terminal.done(
        `removed ${removed.containers} containers, ${removed.balancers} load balancers, ${removed.vpcs} VPCs`,
      );
    } else if (pid !== undefined)
      terminal.line("tasks go on running; 'stowage down --all' stops them, 'stowage up' takes them back");
    return 0;
  },
};
