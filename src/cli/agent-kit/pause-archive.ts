import { createHash } from 'node:crypto';
import { pauseProgram } from '../../agent/pause/program.ts';
import { tarOf } from '../../drivers/docker/tar.ts';

/** The name under which a genuine agent looks for its pause image. */
const imageName = 'amazon/amazon-ecs-pause:0.1.0';

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** The image of pause containers as `docker load` takes it ("Docker Image Specification v1.2"), for a machine of `arch` (as Node names it). */
export function pauseArchive(arch: string): Uint8Array {
  const layer = tarOf([{ path: 'pause', data: pauseProgram(arch) }]);
  const config = {
    architecture: architectures[arch] ?? arch,
    os: 'linux',
    config: { Entrypoint: ['/pause'] },
    rootfs: { type: 'layers', diff_ids: [`sha256:${createHash('sha256').update(layer).digest('hex')}`] },
    history: [{ created: '1970-01-01T00:00:00Z' }],
  };
  const manifest = [{ Config: 'config.json', RepoTags: [imageName], Layers: ['layer.tar'] }];
  const text = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
  return tarOf([
    { path: 'manifest.json', data: text(manifest), mode: 0o644 },
    { path: 'config.json', data: text(config), mode: 0o644 },
    { path: 'layer.tar', data: layer, mode: 0o644 },
  ]);
}
