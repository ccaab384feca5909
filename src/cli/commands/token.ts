import { isoOf } from '../../base/clock.ts';
import { machinePaths } from '../../wire/join.ts';
import type { Command } from '../command.ts';
import { ask } from '../control-plane-client.ts';
import { durationOf } from '../duration.ts';
import { UsageError } from '../installation.ts';

/** `stowage token create`: lets one machine join, once. */
export const token: Command = {
  name: 'token',
  usage: 'token create [--ttl 1h]',
  summary: 'make a token with which one machine can join',
  options: { ttl: { type: 'string' } },
  async run({ installation, terminal, json, options, arguments: [verb, ...rest] }) {
    if (verb !== 'create' || rest.length > 0) throw new UsageError("say 'stowage token create'");
    const ttlMs = durationOf('--ttl', options['ttl'] as string | undefined);
    const answer = await ask<{ token: string; expiresAt: number; endpoints: string[] }>(
      installation,
      `${machinePaths}token`,
      ttlMs === undefined ? {} : { ttlMs },
    );
    const expires = isoOf(answer.expiresAt);
    const urls = answer.endpoints;
    if (json) {
      terminal.json({ token: answer.token, expiresAt: expires, endpoints: urls });
      return 0;
    }
    terminal.done(`one machine can join with this token until ${expires}; it is shown only now`);
    terminal.line(answer.token);
    if (urls.length === 0) {
      terminal.warn(
        "other machines cannot reach this control plane: 'stowage down' and 'stowage up --detach --listen ADDRESS' lets them",
      );
    } else terminal.line(`\non the machine: sudo stowage join ${urls[0]} --token ${answer.token}`);
    return 0;
  },
};
