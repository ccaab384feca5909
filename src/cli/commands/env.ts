import type { Command } from '../command.ts';
import { endpointOf, type Installation } from '../installation.ts';

/** The variables by which unmodified AWS clients find this installation. */
export function clientEnvironment(installation: Installation): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: endpointOf(installation),
    AWS_ACCESS_KEY_ID: installation.account,
    AWS_SECRET_ACCESS_KEY: 'stowage',
    AWS_DEFAULT_REGION: installation.region,
    AWS_REGION: installation.region,
    // Nothing to ask on a machine that is no EC2 instance: spare the clients the wait.
    AWS_EC2_METADATA_DISABLED: 'true',
    // The CLI shows answers through a pager otherwise.
    AWS_PAGER: '',
  };
}

/** `stowage env`: `eval "$(stowage env)"` points every AWS client of the shell at this installation. */
export const env: Command = {
  name: 'env',
  usage: 'env',
  summary: 'print export lines for AWS clients: eval "$(stowage env)"',
  options: {},
  run({ installation, terminal, json }) {
    const variables = clientEnvironment(installation);
    if (json) terminal.json(variables);
    else for (const [name, value] of Object.entries(variables)) terminal.line(`export ${name}='${value}'`);
    return Promise.resolve(0);
  },
};
