import { resolve } from 'node:path';
import { systemIds } from '../../base/ids.ts';
import { apiPort, metadataAddress } from '../../drivers/network/driver.ts';
import { controlSocket } from '../../main/control-socket.ts';
import { issueAgentCredentials } from '../agent-kit/credentials.ts';
import { writeKit } from '../agent-kit/write-kit.ts';
import type { Command } from '../command.ts';
import { endpointOf, UsageError } from '../installation.ts';

/** `stowage agent kit`: what a genuine amazon-ecs-agent needs beside its binary, in a folder. */
export const agent: Command = {
  name: 'agent',
  usage: 'agent kit FOLDER [--cluster NAME] [--endpoint URL] [--arch x64|arm64] [--ec2]',
  summary: "write what Amazon's own ECS agent needs beside its binary to join",
  options: {
    cluster: { type: 'string' },
    endpoint: { type: 'string' },
    arch: { type: 'string' },
    ec2: { type: 'boolean' },
  },
  async run({ installation, terminal, options, arguments: [verb, folder, ...rest] }) {
    if (verb !== 'kit' || folder === undefined || rest.length > 0) {
      throw new UsageError("say 'stowage agent kit FOLDER'");
    }
    const onInstance = options['ec2'] === true;
    // On our instances the APIs are found where every task finds them.
    const usual = onInstance ? `http://${metadataAddress}:${apiPort}` : endpointOf(installation);
    const endpoint = ((options['endpoint'] as string | undefined) ?? usual).replace(/\/+$/, '');
    if (!/^https?:\/\/[^/]+$/.test(endpoint)) {
      throw new UsageError(
        `--endpoint ${endpoint}: give the control plane's address, such as http://192.168.1.10:4566`,
      );
    }
    const arch = (options['arch'] as string | undefined) ?? process.arch;
    if (arch !== 'x64' && arch !== 'arm64') throw new UsageError(`--arch ${arch}: it is x64 or arm64`);
    const cluster = (options['cluster'] as string | undefined) ?? 'default';
    const path = resolve(folder);
    const kit = { cluster, region: installation.region, endpoint };
    if (onInstance) writeKit(path, { ...kit, control: controlSocket(installation.home) }, { arch });
    else {
      const credentials = await issueAgentCredentials(installation, `agent-${systemIds.hex(8)}`);
      writeKit(path, kit, { credentials, arch });
    }
    terminal.done(`${path} is written: copy it to the machine, and read its README.md`);
    return 0;
  },
};
