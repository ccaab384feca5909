import { DriverError } from '../../base/errors.ts';
import type { DockerDriver } from '../../drivers/docker/driver.ts';
import { tarOf } from '../../drivers/docker/tar.ts';
import { pauseProgram } from './program.ts';

/** The image of pause containers; the tag changes with the program. */
export const pauseImage = 'stowage/pause:3';

/** Makes the pause image unless it is there. */
export async function ensurePauseImage(docker: DockerDriver, arch: string): Promise<void> {
  try {
    await docker.image(pauseImage);
  } catch (error) {
    if (!(error instanceof DriverError) || error.kind !== 'gone') throw error;
    const root = tarOf([{ path: 'pause', data: pauseProgram(arch) }]);
    await docker.importImage(pauseImage, root, { entryPoint: ['/pause'] });
  }
}
