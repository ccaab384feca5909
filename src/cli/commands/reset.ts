import { rmSync } from 'node:fs';
import type { Command } from '../command.ts';
import { callOwn, healthOf } from '../control-plane-client.ts';
import { prepareMachine } from '../prepare/prepare.ts';

/** `stowage reset`: an installation as on its first day, running or not. */
export const reset: Command = {
  name: 'reset',
  usage: 'reset',
  summary: 'delete every resource, container, image and log of this installation',
  options: {},
  async run({ installation, terminal, json }) {
    if ((await healthOf(installation)) === undefined) {
      await prepareMachine('serve', json ? { ...terminal, done: () => {}, step: () => {} } : terminal);
      const { removeEverything } = await import('../../main/remove-everything.ts');
      await removeEverything(installation);
      rmSync(installation.home, { recursive: true, force: true });
    } else {
      await callOwn(installation, 'POST', 'reset');
    }
    if (json) terminal.json({ reset: installation.home });
    else terminal.done(`${installation.home} is empty`);
    return 0;
  },
};
