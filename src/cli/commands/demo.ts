import type { Command } from '../command.ts';
import { runDemo } from '../demo/demo.ts';

/** `stowage demo`: the main job from beginning to end, with the tools a user has. */
export const demo: Command = {
  name: 'demo',
  usage: 'demo',
  summary: 'image → ECR → Fargate service of two tasks behind a load balancer',
  options: {},
  async run({ installation, terminal, json }) {
    const result = await runDemo(
      installation,
      json ? { ...terminal, line: () => {}, done: () => {}, step: () => {} } : terminal,
    );
    if (json) terminal.json(result);
    return 0;
  },
};
