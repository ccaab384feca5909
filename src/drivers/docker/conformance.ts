import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DriverError } from '../../base/errors.ts';
import type { ContainerEvent, ContainerSpec, DockerDriver, LogLine } from './driver.ts';
import { tarOf } from './tar.ts';

/** What the suite needs to know of the engine under test. */
export interface ConformanceSetup {
  readonly driver: DockerDriver;
  /** An image that exists locally and holds `/bin/sh`. */
  readonly image: string;
  /** Unique in this run: part of every name, value of the label `stowage.conformance`. */
  readonly run: string;
  teardown(): Promise<void>;
}

/** The behaviour that every `DockerDriver` must show; runs on the fake and on a real engine alike. */
export function dockerConformance(name: string, open: () => Promise<ConformanceSetup>): void {
  describe(`docker driver: ${name}`, () => {
    let setup: ConformanceSetup;
    let driver: DockerDriver;
    let count = 0;

    const label = (): string => `stowage.conformance=${setup.run}`;
    const spec = (script: string, extra: Partial<ContainerSpec> = {}): ContainerSpec => ({
      name: `conformance-${setup.run}-${count++}`,
      image: setup.image,
      labels: { 'stowage.conformance': setup.run, extra: 'yes' },
      env: { GREETING: 'hello' },
      entryPoint: ['/bin/sh', '-c'],
      command: [script],
      config: {},
      hostConfig: { NetworkMode: 'none' },
      ...extra,
    });
    const started = async (script: string, extra: Partial<ContainerSpec> = {}): Promise<string> => {
      const id = await driver.create(spec(script, extra));
      await driver.start(id);
      return id;
    };
    const lines = async (id: string, since?: string): Promise<LogLine[]> => {
      const all: LogLine[] = [];
      const options = { follow: true, ...(since === undefined ? {} : { since }) };
      for await (const line of driver.logs(id, options)) all.push(line);
      return all;
    };

    beforeAll(async () => {
      setup = await open();
      driver = setup.driver;
    });
    beforeEach(() => {
      expect(setup).toBeDefined();
    });
    afterEach(async () => {
      for (const each of await driver.list([label()])) await driver.remove(each.id);
    });
    afterAll(() => setup.teardown());

    it('tells its version and what the machine has', async () => {
      expect((await driver.version()).api).toMatch(/^1\.\d+$/);
      const capacity = await driver.capacity();
      expect(capacity.cpus).toBeGreaterThan(0);
      expect(capacity.memoryBytes).toBeGreaterThan(2 ** 20);
      expect(['v1', 'v2', 'systemd']).toContain(capacity.cgroups);
      expect(capacity.dataRoot).toMatch(/^\//);
    });

    it('takes a container through its life', async () => {
      const wanted = spec('exit 7');
      const id = await driver.create(wanted);
      expect(await driver.inspect(id)).toMatchObject({ id, name: wanted.name, status: 'created', pid: 0 });
      await driver.start(id);
      expect(await driver.wait(id)).toBe(7);
      const ended = await driver.inspect(id);
      expect(ended).toMatchObject({ status: 'exited', exitCode: 7, pid: 0, oomKilled: false });
      expect(ended.finishedAt).toBeGreaterThanOrEqual(ended.startedAt ?? Infinity);
      await driver.remove(id);
      await driver.remove(id);
      await expect(driver.inspect(id)).rejects.toMatchObject({ kind: 'gone' });
    });

    it('creates once: the same name and labels answer the same container', async () => {
      const wanted = spec('sleep 100');
      const id = await driver.create(wanted);
      expect(await driver.create(wanted)).toBe(id);
      const other = { ...wanted, labels: { ...wanted.labels, extra: 'no' } };
      await expect(driver.create(other)).rejects.toMatchObject({ kind: 'fatal' });
    });

    it('starts once, stops once', async () => {
      const id = await started('sleep 100');
      await driver.start(id);
      expect((await driver.inspect(id)).pid).toBeGreaterThan(0);
      await driver.stop(id, 0);
      await driver.stop(id, 0);
      await driver.kill(id, 'SIGKILL');
      expect((await driver.inspect(id)).status).toBe('exited');
    });

    it('kills what does not heed the stop signal', async () => {
      const id = await started("trap '' TERM; echo ready; sleep 100");
      for await (const line of driver.logs(id, { follow: true })) {
        expect(line.line).toBe('ready');
        break;
      }
      await driver.stop(id, 1);
      expect((await driver.inspect(id)).exitCode).toBe(137);
    });

    it('gives a container another name', async () => {
      const id = await started('sleep 1000');
      const name = `conformance-${setup.run}-renamed`;
      await driver.rename(id, name);
      expect((await driver.inspect(id)).name).toBe(name);
      await expect(driver.rename('0'.repeat(64), 'nobody')).rejects.toMatchObject({ kind: 'gone' });
    });

    it('freezes a container and lets it go on; a frozen one can be stopped', async () => {
      const id = await started('sleep 100');
      for (let twice = 0; twice < 2; twice++) await driver.pause(id);
      expect((await driver.inspect(id)).status).toBe('paused');
      for (let twice = 0; twice < 2; twice++) await driver.unpause(id);
      expect((await driver.inspect(id)).status).toBe('running');
      await driver.pause(id);
      await driver.stop(id, 0);
      expect((await driver.inspect(id)).status).toBe('exited');
      await driver.pause(id);
      await driver.unpause(id);
      expect((await driver.inspect(id)).status).toBe('exited');
    });

    it('makes volumes, and takes files before a container starts', async () => {
      const name = `conformance-${setup.run}-volume`;
      expect(await driver.hasVolume(name)).toBe(false);
      const made = await driver.createVolume({ name, labels: { 'stowage.conformance': setup.run } });
      expect(await driver.hasVolume(name)).toBe(true);
      expect(made.mountpoint).toMatch(/^\/.+/);
      expect(await driver.createVolume({ name, labels: {} })).toEqual(made);
      const listed = { name, labels: { 'stowage.conformance': setup.run } };
      expect(await driver.listVolumes([label()])).toMatchObject([listed]);
      expect(await driver.listVolumes([label(), 'extra'])).toEqual([]);
      const id = await driver.create(
        spec('cat /there/deep/note', {
          hostConfig: { NetworkMode: 'none', Mounts: [{ Type: 'volume', Source: name, Target: '/there' }] },
        }),
      );
      await driver.putArchive(id, '/there', tarOf([{ path: 'deep/note', data: Buffer.from('written') }]));
      await driver.putArchive(id, '/there', tarOf([{ path: 'deep/note', data: Buffer.from('again') }]));
      await driver.start(id);
      expect((await lines(id)).map(({ line }) => line)).toEqual(['again']);
      await driver.remove(id);
      await driver.removeVolume(name);
      await driver.removeVolume(name);
    });

    it('says what cannot be: no such image, no such container', async () => {
      await expect(driver.create(spec('', { image: `nothing-${setup.run}` }))).rejects.toMatchObject({ kind: 'gone' });
      await expect(driver.image(`nothing-${setup.run}`)).rejects.toMatchObject({ kind: 'gone' });
      await expect(driver.start('0123456789ab')).rejects.toBeInstanceOf(DriverError);
      await expect(driver.stop('0123456789ab', 1)).rejects.toMatchObject({ kind: 'gone' });
    });

    it('lists by label', async () => {
      const id = await driver.create(spec(''));
      expect((await driver.list([label(), 'extra'])).map((each) => each.id)).toEqual([id]);
      expect(await driver.list([label(), 'extra=no'])).toEqual([]);
    });

    it('tags an image', async () => {
      await driver.tag(setup.image, `stowage-conformance:${setup.run}`);
      const [one, other] = await Promise.all([
        driver.image(setup.image),
        driver.image(`stowage-conformance:${setup.run}`),
      ]);
      expect(one.id).toBe(other.id);
    });

    it('tells of every change in a life, in order', async () => {
      const events: ContainerEvent[] = [];
      const over = Promise.withResolvers<void>();
      const connected = Promise.withResolvers<void>();
      const stop = driver.events(
        label(),
        (event) => {
          events.push(event);
          if (event.action === 'destroy') over.resolve();
        },
        () => connected.resolve(),
      );
      await connected.promise;
      const id = await started('exit 3');
      await driver.wait(id);
      await driver.remove(id);
      await over.promise;
      stop();
      expect(events.map((event) => event.action)).toEqual(['create', 'start', 'die', 'destroy']);
      expect(events[2]).toMatchObject({ containerId: id, exitCode: 3, labels: { extra: 'yes' } });
    });

    it('hands out both output streams with stamps that rise', async () => {
      const id = await started('echo one; echo two >&2; echo three');
      const all = await lines(id);
      expect(all.filter((each) => each.stream === 'stdout').map((each) => each.line)).toEqual(['one', 'three']);
      expect(all.filter((each) => each.stream === 'stderr').map((each) => each.line)).toEqual(['two']);
      const out = all.filter((each) => each.stream === 'stdout');
      expect(out[0]?.stamp && out[1]?.stamp && out[0].stamp < out[1].stamp).toBe(true);
      expect(await lines(id, out[0]?.stamp)).not.toContainEqual(out[0]);
      expect(await lines(id, out[0]?.stamp)).toContainEqual(out[1]);
      expect(
        await lines(
          id,
          all
            .map((each) => each.stamp)
            .sort()
            .at(-1),
        ),
      ).toEqual([]);
    });

    it('follows output until it ends', async () => {
      const id = await started('echo one; sleep 0.2; echo two');
      expect((await lines(id)).map((each) => each.line)).toEqual(['one', 'two']);
    });

    it('runs a command inside, with input, output and exit code', async () => {
      const id = await started('sleep 100');
      const session = await driver.exec(id, { command: ['/bin/sh', '-c', 'cat; echo said >&2; exit 4'], tty: false });
      await session.write(Buffer.from('typed\n'));
      session.end();
      const heard = { stdout: '', stderr: '' };
      for await (const { stream, data } of session.output) heard[stream] += Buffer.from(data).toString();
      expect(heard).toEqual({ stdout: 'typed\n', stderr: 'said\n' });
      expect(await session.exited).toBe(4);
    });

    it('runs a command on a terminal that can be resized', async () => {
      const id = await started('sleep 100');
      const session = await driver.exec(id, { command: ['/bin/sh', '-c', 'read line; stty size'], tty: true });
      await session.resize(120, 40);
      await session.write(Buffer.from('\n'));
      let heard = '';
      for await (const { data } of session.output) heard += Buffer.from(data).toString();
      expect(heard.trim()).toBe('40 120');
      expect(await session.exited).toBe(0);
    });

    it('runs as the user asked for, and says why a command cannot be run', async () => {
      const id = await started('sleep 100');
      const session = await driver.exec(id, { command: ['/bin/sh', '-c', 'exit 3'], tty: true, user: '0' });
      for await (const _ of session.output);
      expect(await session.exited).toBe(3);
      const refused = driver.exec(id, { command: ['/no/such/program'], tty: true });
      await expect(refused).rejects.toMatchObject({
        kind: 'fatal',
        message: expect.stringMatching(/no such file|not found/),
      });
    });

    it('ends a terminal and what runs in it', async () => {
      const id = await started('sleep 100');
      const session = await driver.exec(id, { command: ['/bin/sh', '-c', 'sleep 100'], tty: true });
      const over = (async () => {
        for await (const _ of session.output);
      })();
      await session.terminate();
      await over;
      expect(await session.exited).not.toBe(0);
      expect(await driver.endAbandonedExecs(id)).toBe(0);
    });

    it('tells what a container uses', async () => {
      const id = await started('sleep 100');
      const stats = await driver.stats(id);
      expect(stats.memoryUsageBytes).toBeGreaterThan(0);
      expect(stats.cpuTotalNanos).toBeGreaterThan(0);
      expect(stats.raw).toMatchObject({
        read: expect.stringMatching(/^\d{4}-/) as string,
        cpu_stats: { cpu_usage: { total_usage: expect.any(Number) as number } },
        memory_stats: { usage: expect.any(Number) as number },
      });
    });

    it('tells what a container was made of', async () => {
      const mount = { Type: 'bind', Source: '/tmp', Target: '/mnt', ReadOnly: true };
      const id = await started('sleep 100', { hostConfig: { NetworkMode: 'none', Mounts: [mount] } });
      const { layer = '/', ...details } = await driver.details(id);
      // Where the engine's storage has such a place.
      expect(layer).toMatch(/^\//);
      expect(await driver.layerBytes(id)).toBeGreaterThanOrEqual(0);
      const { imageId, createdAt } = await driver.inspect(id);
      expect(details).toEqual({
        imageId,
        createdAt,
        mounts: [{ source: '/tmp', destination: '/mnt' }],
        networks: {},
      });
      await expect(driver.details('nobody')).rejects.toMatchObject({ kind: 'gone' });
    });

    it('tells of health', async () => {
      const found = Promise.withResolvers<ContainerEvent>();
      const connected = Promise.withResolvers<void>();
      const stop = driver.events(
        label(),
        (event) => event.action === 'health' && found.resolve(event),
        () => connected.resolve(),
      );
      await connected.promise;
      const check = { Test: ['CMD-SHELL', 'exit 0'], Interval: 50_000_000, Timeout: 5_000_000_000, Retries: 1 };
      const id = await started('sleep 100', { config: { Healthcheck: check } });
      expect(await found.promise).toMatchObject({ containerId: id, health: 'healthy' });
      stop();
      expect((await driver.inspect(id)).health).toBe('healthy');
    });
  });
}
