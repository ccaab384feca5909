import { rmSync, writeSync, openSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import { StopTaskCommand } from '@aws-sdk/client-ecs';
import type { Ids } from '../../src/base/ids.ts';
import { must, run } from '../support/clients.ts';
import { gone } from '../support/installation.ts';
import type { Scene } from './scene.ts';

/** One thing that goes wrong; resolves once it is over. */
export type Trouble = (scene: Scene, random: Ids) => Promise<void>;

export const pause = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms));

/** One of the items, as chance has it. */
export function pick<Item>(random: Ids, items: readonly Item[]): Item | undefined {
  return items[Math.floor(random.random() * items.length)];
}

/** Some of the containers that run, pause containers among them. */
async function victims(scene: Scene, random: Ids, count: number): Promise<string[]> {
  const ids = (await scene.containers()).map(({ id }) => id);
  return Array.from({ length: count }, () => pick(random, ids) ?? '').filter(Boolean);
}

/** Everything that can go wrong, by name. */
export const troubles: Readonly<Record<string, Trouble>> = {
  'containers are killed': async (scene, random) => {
    const ids = await victims(scene, random, 3);
    await run('docker', ['kill', ...ids], { env: scene.installation.env });
  },
  'containers are removed': async (scene, random) => {
    const ids = await victims(scene, random, 2);
    await run('docker', ['rm', '--force', ...ids], { env: scene.installation.env });
  },
  'the control plane is killed': async (scene, random) => {
    const pid = scene.installation.pid();
    process.kill(pid, 'SIGKILL');
    await gone(pid);
    await pause(random.random() * 1500);
    scene.installation.stowage('up', '--detach');
  },
  'the engine is killed': async (scene, random) => {
    await scene.engine.stop('SIGKILL');
    await pause(random.random() * 2000);
    await scene.engine.start();
  },
  'there is no room for log lines': async (scene, random) => {
    const ballast = join(scene.logFolder, 'ballast');
    const file = openSync(ballast, 'w');
    try {
      for (const size of [1 << 20, 1 << 12]) {
        for (let written = size; written === size;) written = writeSync(file, Buffer.alloc(size));
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      closeSync(file);
    }
    await pause(1000 + random.random() * 2000);
    rmSync(ballast);
  },
  'images cannot be pulled': async (scene) => {
    await scene.run('unpullable');
    await scene.run('unpullable');
  },
  'tasks end by themselves or never begin': async (scene) => {
    for (const kind of ['short', 'unmet', 'unstartable']) await scene.run(kind);
  },
  'tasks are stopped and others started': async (scene, random) => {
    const task = pick(random, [...scene.byHand.keys()]);
    if (task !== undefined) await scene.ecs.send(new StopTaskCommand({ task }));
    await scene.run(pick(random, ['plain', 'logs', 'ordered']) ?? 'plain');
  },
  'the way to a VPC is cut': async (scene) => {
    const namespaces = (await must('ip', ['netns', 'list'])).split('\n').map((line) => line.split(' ')[0] ?? '');
    const own = namespaces.find((name) => name.startsWith(`stowage-${scene.id}-`));
    if (own !== undefined) await run('ip', ['netns', 'exec', own, 'nft', 'flush', 'ruleset']);
  },
};
