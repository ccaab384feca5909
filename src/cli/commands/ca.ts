import { callOwn } from '../control-plane-client.ts';
import type { Command } from '../command.ts';

/** `stowage ca`: the root certificate of the installation's own authority, which issues what ACM is asked for. */
export const ca: Command = {
  name: 'ca',
  usage: 'ca > root.pem',
  summary: 'print the root certificate that HTTPS clients are to trust',
  options: {},
  async run({ installation, terminal, json }) {
    const { certificate } = await callOwn<{ certificate: string }>(installation, 'GET', 'authority');
    if (json) terminal.json({ certificate });
    else terminal.line(certificate.trimEnd());
    return 0;
  },
};
