import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentCredentials } from './credentials.ts';
import { pauseArchive } from './pause-archive.ts';
import {
  credentialsFile,
  environmentFile,
  networkScript,
  readme,
  rotateScript,
  runScript,
  type KitOptions,
} from './texts.ts';

/** Writes a kit into a folder, which is made when it is missing; what is there of an earlier kit is written anew. */
export function writeKit(
  folder: string,
  options: KitOptions,
  parts: { readonly credentials: AgentCredentials; readonly arch: string },
): void {
  mkdirSync(join(folder, 'rotatingcreds'), { recursive: true, mode: 0o700 });
  const write = (name: string, content: string | Uint8Array, mode: number): void =>
    writeFileSync(join(folder, name), content, { mode });
  write('README.md', readme(options), 0o644);
  write('agent.env', environmentFile(options), 0o644);
  write('rotatingcreds/credentials', credentialsFile(parts.credentials), 0o600);
  write('rotate.sh', rotateScript(options), 0o755);
  write('network.sh', networkScript, 0o755);
  write('run.sh', runScript, 0o755);
  write('amazon-ecs-pause.tar', pauseArchive(parts.arch), 0o644);
}
