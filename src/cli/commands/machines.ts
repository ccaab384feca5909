import { isoOf } from '../../base/clock.ts';
import type { MachineLine } from '../../main/machines/list-machines.ts';
import { machinePaths } from '../../wire/join.ts';
import type { Command } from '../command.ts';
import { ask } from '../control-plane-client.ts';
import { UsageError } from '../installation.ts';
import { columns } from '../terminal.ts';

/** `stowage machines list` and `stowage machines remove ID`: the machines that joined. */
export const machines: Command = {
  name: 'machines',
  usage: 'machines list | machines remove ID [--force]',
  summary: 'show the machines that joined; let one leave (--force: though it does not answer)',
  options: { force: { type: 'boolean' } },
  async run({ installation, terminal, json, options, arguments: [verb = 'list', id, ...rest] }) {
    if (verb === 'list' && id === undefined) {
      const answer = await ask<{ machines: MachineLine[] }>(installation, `${machinePaths}list`, {});
      if (json) terminal.json(answer);
      else if (answer.machines.length === 0) {
        terminal.line("no machine has joined: 'stowage token create' makes a token for one");
      } else {
        const rows = answer.machines.map((one) => [
          one.id,
          one.name,
          stateOf(one),
          one.cluster ?? '-',
          one.instanceId ?? '-',
          String(one.tasks),
        ]);
        for (const line of columns([['machine', 'name', 'state', 'cluster', 'instance', 'tasks'], ...rows])) {
          terminal.line(line);
        }
      }
      return 0;
    }
    if (verb !== 'remove' || id === undefined || rest.length > 0) {
      throw new UsageError("say 'stowage machines list' or 'stowage machines remove ID'");
    }
    const answer = await ask<{ id: string }>(installation, `${machinePaths}remove`, {
      id,
      force: options['force'] === true,
    });
    if (json) terminal.json(answer);
    else terminal.done(`${id} leaves: 'stowage machines list' shows it until it is gone`);
    return 0;
  },
};

function stateOf({ connected, since, leaving }: MachineLine): string {
  const state = connected ? 'connected' : 'disconnected';
  return `${leaving ? `leaving, ${state}` : state}${since === undefined ? '' : ` since ${isoOf(since)}`}`;
}
