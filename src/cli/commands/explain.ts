import { systemClock } from '../../base/clock.ts';
import type { Explanation } from '../../main/views/explain.ts';
import type { Command } from '../command.ts';
import { callOwn } from '../control-plane-client.ts';
import { UsageError } from '../installation.ts';
import { explainPicture } from '../views/explain-picture.ts';
import { written } from '../views/text.ts';

/** `stowage explain`: why something is where it is and as it is, and what to do. */
export const explain: Command = {
  name: 'explain',
  usage: 'explain TASK|SERVICE|INSTANCE [--cluster NAME]',
  summary: 'say why a task, service or container instance is where and as it is, or why not, and what to do',
  options: { cluster: { type: 'string' } },
  async run({ installation, terminal, json, options, arguments: [subject, ...more] }) {
    if (subject === undefined || more.length > 0) {
      throw new UsageError('what is to be explained? give one id (or its beginning), name or ARN: stowage explain web');
    }
    const query = new URLSearchParams({ subject });
    const cluster = options['cluster'];
    if (typeof cluster === 'string') query.set('cluster', cluster);
    const answer = await callOwn<Explanation>(installation, 'GET', `explain?${query.toString()}`);
    if (json) terminal.json(answer);
    else {
      const frame = { columns: terminal.columns, now: systemClock.now() };
      for (const text of written(explainPicture(answer, frame), terminal.colours)) terminal.line(text);
    }
    return 0;
  },
};
