import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { version } from '../../main/version.ts';
import { cniPlugins, cniScript } from './cni.ts';
import type { AgentCredentials } from './credentials.ts';
import { pauseArchive } from './pause-archive.ts';
import {
  credentialsFile,
  environmentFile,
  networkScript,
  readme,
  rotateScript,
  runOnInstanceScript,
  runScript,
  type KitOptions,
} from './texts.ts';

/** Writes a kit into a folder, which is made when it is missing; what is there of an earlier kit is written anew. */
export function writeKit(
  folder: string,
  options: KitOptions,
  parts: { readonly credentials?: AgentCredentials; readonly arch: string },
): void {
  const { control } = options;
  mkdirSync(join(folder, control === undefined ? 'rotatingcreds' : 'cni'), { recursive: true, mode: 0o700 });
  const write = (name: string, content: string | Uint8Array, mode: number): void =>
    writeFileSync(join(folder, name), content, { mode });
  write('README.md', readme(options), 0o644);
  write('agent.env', environmentFile(options), 0o644);
  if (parts.credentials !== undefined) {
    write('rotatingcreds/credentials', credentialsFile(parts.credentials), 0o600);
    write('rotate.sh', rotateScript(options), 0o755);
  }
  if (control !== undefined) {
    for (const plugin of cniPlugins) write(`cni/${plugin}`, cniScript({ control, version }), 0o755);
  }
  write('network.sh', networkScript, 0o755);
  write('run.sh', control === undefined ? runScript : runOnInstanceScript, 0o755);
  write('amazon-ecs-pause.tar', pauseArchive(parts.arch), 0o644);
}
