import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { systemClock, isoOf } from '../../base/clock.ts';
import type { Command } from '../command.ts';
import { callAws } from '../control-plane-client.ts';
import { UsageError } from '../installation.ts';

interface FilteredEvents {
  readonly events?: readonly {
    readonly eventId?: string;
    readonly timestamp?: number;
    readonly logStreamName?: string;
    readonly message?: string;
  }[];
  readonly nextToken?: string;
}

/** `stowage logs`: the control plane's own log, or the events of a log group. */
export const logs: Command = {
  name: 'logs',
  usage: 'logs [GROUP] [--follow]',
  summary: "show a log group's events, or the control plane's own log",
  options: { follow: { type: 'boolean', short: 'f' } },
  async run({ installation, terminal, json, options, arguments: [group] }) {
    if (group === undefined) {
      const file = join(installation.home, 'control-plane.log');
      if (!existsSync(file)) throw new UsageError(`there is no log yet: ${file} is written by 'stowage up --detach'`);
      await pipeline(createReadStream(file), process.stdout, { end: false });
      return 0;
    }
    const follow = options['follow'] === true;
    let from = follow ? systemClock.now() - 600_000 : 0;
    const seen = new Set<string>();
    for (;;) {
      let nextToken: string | undefined;
      do {
        const page: FilteredEvents = await callAws(installation, 'logs', 'Logs_20140328.FilterLogEvents', {
          logGroupName: group,
          startTime: from,
          ...(nextToken === undefined ? {} : { nextToken }),
        });
        for (const event of page.events ?? []) {
          const id = event.eventId ?? '';
          if (seen.has(id)) continue;
          seen.add(id);
          from = Math.max(from, (event.timestamp ?? 0) - 5000);
          if (json) terminal.line(JSON.stringify(event));
          else
            terminal.line(
              `${terminal.dim(`${isoOf(event.timestamp ?? 0)} ${event.logStreamName ?? ''}`)} ${event.message ?? ''}`,
            );
        }
        nextToken = page.nextToken;
      } while (nextToken !== undefined);
      if (!follow) return 0;
      await systemClock.sleep(500);
    }
  },
};
