import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DescribeServicesCommand, StopTaskCommand, UpdateServiceCommand, type Task } from '@aws-sdk/client-ecs';
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest';
import { seededIds } from '../../src/base/ids.ts';
import { eventually, must, run } from '../support/clients.ts';
import { lasting, pauseName, Scene, services } from './scene.ts';
import { pause, troubles } from './troubles.ts';

/** For how long things go wrong: `STOWAGE_CHAOS_SECONDS=600` for a long night. */
const seconds = Math.min(600, Number(process.env['STOWAGE_CHAOS_SECONDS'] ?? 25));
/** The same seed draws the same troubles in the same order. */
const seed = Number(process.env['STOWAGE_TEST_SEED'] ?? Date.now() % 1_000_000);

describe(`${seconds} seconds of chaos (STOWAGE_TEST_SEED=${seed})`, () => {
  const random = seededIds(seed);
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.begin();
    await scene.furnish();
  });
  afterAll(() => scene?.end());

  it('leaves everything as it is wanted, loses no stored line, and leaves nothing over', async () => {
    const told: string[] = [];
    onTestFailed(() => {
      console.log(`STOWAGE_TEST_SEED=${seed}\n${told.join('\n')}`);
      console.log(readFileSync(join(scene.installation.home, 'control-plane.log'), 'utf8').slice(-8000));
    });
    for (const kind of ['plain', 'plain', 'plain', 'plain', 'ordered', 'ordered', 'logs', 'logs', 'short', 'short']) {
      await scene.run(kind);
    }
    for (const kind of ['short', 'unmet', 'unstartable', 'unpullable', 'plain', 'plain']) await scene.run(kind);
    const first = scene.byHand.size;
    expect(first + Object.values(services).reduce((sum, count) => sum + count)).toBe(30);

    /** How many lines of each stream have been seen to be stored. */
    const seen = new Map<string, number>();
    const look = async (): Promise<void> => {
      for (const [stream, numbers] of await scene.lines()) {
        seen.set(stream, Math.max(seen.get(stream) ?? 0, numbers.length));
      }
    };
    const end = Date.now() + seconds * 1000;
    let order: string[] = [];
    while (Date.now() < end || order.length > 0) {
      // Every trouble comes once before any comes twice.
      if (order.length === 0) {
        order = Object.keys(troubles).toSorted();
        for (let i = order.length - 1; i > 0; i--) {
          const j = Math.floor(random.random() * (i + 1));
          [order[i], order[j]] = [order[j] ?? '', order[i] ?? ''];
        }
      }
      const name = order.shift() ?? '';
      told.push(`${new Date().toISOString()} ${name}`);
      await troubles[name]?.(scene, random);
      await look();
      await pause(random.random() * 1500);
    }

    await scene.ecs.send(new UpdateServiceCommand({ service: 'crash', desiredCount: 0 }));
    const wanted = { ...services, crash: 0 };
    await eventually('desired and observed agree', 120_000, async () => {
      const described = await scene.ecs.send(new DescribeServicesCommand({ services: Object.keys(services) }));
      const counts = (described.services ?? []).map((one) => [one.serviceName, one.runningCount, one.pendingCount]);
      expect(counts).toEqual(Object.entries(wanted).map(([name, count]) => [name, count, 0]));
      const tasks = await scene.tasks();
      expect(tasks.filter(({ lastStatus }) => lastStatus !== 'RUNNING' && lastStatus !== 'STOPPED')).toEqual([]);
      const running = tasks.filter(({ lastStatus }) => lastStatus === 'RUNNING');
      expect(running.filter(({ desiredStatus }) => desiredStatus !== 'RUNNING')).toEqual([]);
      const kindOf = ({ taskArn = '' }: Task): string => scene.byHand.get(taskArn) ?? 'plain';
      expect(running.map(kindOf).filter((kind) => !lasting.has(kind))).toEqual([]);
      // What is said to run does, each container once, and nothing else.
      const expected = running.flatMap(({ taskArn, containers = [] }) =>
        containers.flatMap(({ name, lastStatus }) => (lastStatus === 'RUNNING' ? [`${taskArn} ${name}`] : [])),
      );
      const found = await scene.containers();
      const own = found.filter(({ name, task }) => name !== pauseName && task !== '');
      expect(own.map(({ task, name }) => `${task} ${name}`).toSorted()).toEqual(expected.toSorted());
      // Those of one task share one pause container, which runs, and which no other task has.
      const pauses = new Map(own.map(({ task, network }) => [task, network]));
      expect(own.filter(({ task, network }) => pauses.get(task) !== network)).toEqual([]);
      expect(new Set(pauses.values()).size).toBe(running.length);
      const there = new Set(found.map(({ id }) => `container:${id}`));
      expect([...pauses.values()].filter((pause) => !there.has(pause))).toEqual([]);
      // A pause container without a task is one that waits for the next.
      const held = found.filter(({ name, task }) => name === pauseName && task !== '').map(({ task }) => task);
      expect(held.filter((task) => !pauses.has(task))).toEqual([]);
      return true;
    });

    // Every task that was acknowledged is known, and tells what ended it where something did.
    const known = new Map((await scene.tasks()).map((task) => [task.taskArn, task]));
    for (const [arn, kind] of scene.byHand) {
      const task = known.get(arn);
      expect(task, `${kind} ${arn}`).toBeDefined();
      if (task?.lastStatus === 'STOPPED') expect(task.stopCode, `${kind} ${arn}`).toBeDefined();
    }

    for (const service of Object.keys(services)) {
      await scene.ecs.send(new UpdateServiceCommand({ service, desiredCount: 0 }));
    }
    for (const [task] of scene.byHand) await scene.ecs.send(new StopTaskCommand({ task }));
    await eventually('all are stopped', 60_000, async () => {
      const tasks = await scene.tasks();
      expect(tasks.filter(({ lastStatus }) => lastStatus !== 'STOPPED')).toEqual([]);
      return true;
    });
    const { id } = scene;
    const namespaces = (): string[] => readdirSync('/run/netns').filter((name) => name.startsWith(`stowage-${id}-`));
    await eventually('no container and no link of a task is left', 90_000, async () => {
      expect((await scene.containers(true)).filter(({ task }) => task !== '')).toEqual([]);
      for (const namespace of namespaces()) {
        const links = await must('ip', ['netns', 'exec', namespace, 'ip', '-j', 'link']);
        const names = (JSON.parse(links) as { ifname: string }[]).map(({ ifname }) => ifname);
        expect(names.filter((name) => /^t[0-9a-f]{14}$/.test(name))).toEqual([]);
      }
      return true;
    });

    // Every line is there once, in order, without a gap, as far as each container came; none that was seen is gone.
    const stored = await scene.lines();
    expect(stored.size).toBeGreaterThanOrEqual(6);
    for (const [stream, numbers] of stored) {
      expect(numbers, stream).toEqual(numbers.map((_, index) => index + 1));
      expect(numbers.length, stream).toBeGreaterThanOrEqual(seen.get(stream) ?? 0);
    }

    scene.installation.stowage('down', '--all');
    expect(await scene.containers(true)).toEqual([]);
    expect(namespaces()).toEqual([]);
    expect((await run('pgrep', ['-f', scene.installation.home])).stdout).toBe('');
    expect(await must('nft', ['list', 'tables'])).not.toContain(id);
    expect(await must('ip', ['-o', 'link'])).not.toContain(id);
    expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(id);
    expect(existsSync(join(scene.installation.home, 'control-plane.json'))).toBe(false);
  });
});
