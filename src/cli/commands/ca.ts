import { callOwn } from '../control-plane-client.ts';
import type { Command } from '../command.ts';

/**
 * `stowage ca`: the root certificate of the installation's own authority, which issues what ACM is asked for; or the certificate that
 * identity documents of instances are verified with.
 */
export const ca: Command = {
  name: 'ca',
  usage: 'ca [--instance-identity] > root.pem',
  summary: 'print the root certificate that HTTPS clients are to trust',
  options: { 'instance-identity': { type: 'boolean' } },
  async run({ installation, terminal, json, options }) {
    const path = options['instance-identity'] === true ? 'instance-identity' : 'authority';
    const { certificate } = await callOwn<{ certificate: string }>(installation, 'GET', path);
    if (json) terminal.json({ certificate });
    else terminal.line(certificate.trimEnd());
    return 0;
  },
};
