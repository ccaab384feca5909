import { createServer, type Server } from 'node:http';
import { connect, createServer as createTcpServer, type Socket } from 'node:net';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeClock, systemClock } from '../../base/clock.ts';
import { runCommand } from '../../base/command.ts';
import { systemIds } from '../../base/ids.ts';
import { dockerConformance } from './conformance.ts';
import type { DockerDriver } from './driver.ts';
import { createDocker } from './engine.ts';
import { tarOf } from './tar.ts';

const run = systemIds.hex(8);
const image = `stowage-test-shell:${run}`;

async function shellImage(driver: DockerDriver): Promise<void> {
  const shell = await readFile('/bin/busybox');
  await driver.importImage(
    image,
    tarOf([
      { path: 'bin/sh', data: shell },
      { path: 'bin/cat', data: shell },
      { path: 'bin/sleep', data: shell },
    ]),
    {
      entryPoint: ['/bin/sh'],
    },
  );
}

dockerConformance('engine', async () => {
  const driver = createDocker({ clock: systemClock, dockerHost: process.env['DOCKER_HOST'] });
  await shellImage(driver);
  return {
    driver,
    image,
    run,
    async teardown() {
      await runCommand('docker', ['rmi', '-f', image, `stowage-conformance:${run}`]);
      await driver.close();
    },
  };
});

/** A registry of one image that wants a password, to see pulls, credentials and progress. */
describe('pulls', () => {
  const driver = createDocker({ clock: systemClock });
  let registry: Server;
  let host = '';
  let manifestRequests = 0;

  beforeAll(async () => {
    const layer = tarOf([{ path: 'hello', data: Buffer.from(run) }]);
    const sha = async (data: Uint8Array): Promise<string> =>
      `sha256:${Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(data))).toString('hex')}`;
    const layerDigest = await sha(layer);
    const config = Buffer.from(
      JSON.stringify({
        architecture: 'amd64',
        os: 'linux',
        config: {},
        rootfs: { type: 'layers', diff_ids: [layerDigest] },
      }),
    );
    const configDigest = await sha(config);
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
        config: {
          mediaType: 'application/vnd.docker.container.image.v1+json',
          digest: configDigest,
          size: config.length,
        },
        layers: [
          { mediaType: 'application/vnd.docker.image.rootfs.diff.tar', digest: layerDigest, size: layer.length },
        ],
      }),
    );
    const manifestDigest = await sha(manifest);
    registry = createServer((req, res) => {
      if (req.headers.authorization !== `Basic ${Buffer.from('AWS:secret').toString('base64')}`) {
        res.writeHead(401, { 'www-authenticate': 'Basic realm="test"', 'content-type': 'application/json' });
        return void res.end('{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}');
      }
      const path = req.url ?? '';
      if (path === '/v2/') return void res.end('{}');
      if (path.startsWith('/v2/app/manifests/') && !path.endsWith('/missing')) {
        if (req.method === 'GET') manifestRequests++;
        res.writeHead(200, {
          'content-type': 'application/vnd.docker.distribution.manifest.v2+json',
          'docker-content-digest': manifestDigest,
          'content-length': manifest.length,
        });
        return void res.end(req.method === 'HEAD' ? undefined : manifest);
      }
      const blob = path.endsWith(layerDigest) ? layer : path.endsWith(configDigest) ? config : undefined;
      if (blob !== undefined) return void res.end(blob);
      res.writeHead(404, { 'content-type': 'application/json' });
      return void res.end('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}');
    });
    await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
    host = `127.0.0.1:${(registry.address() as { port: number }).port}`;
  });
  afterAll(async () => {
    await runCommand('docker', ['rmi', '-f', `${host}/app:v1`]).catch(() => {});
    registry.close();
    registry.closeAllConnections();
    await driver.close();
  });

  const auth = (password: string) => ({ username: 'AWS', password, serverAddress: host });

  it("refuses without the password, and says so in the engine's words", async () => {
    const pull = driver.pull(`${host}/app:v1`, { auth: auth('wrong') });
    await expect(pull).rejects.toMatchObject({ kind: 'fatal' });
  });

  it('shares one pull among those who ask at the same time', async () => {
    const progress: number[] = [];
    await Promise.all([
      driver.pull(`${host}/app:v1`, { auth: auth('secret'), onProgress: (p) => progress.push(p.totalBytes) }),
      driver.pull(`${host}/app:v1`, { auth: auth('secret') }),
    ]);
    expect(manifestRequests).toBe(1);
    expect(progress.length).toBeGreaterThan(0);
    const found = await driver.image(`${host}/app:v1`);
    expect(found.repoDigests[0]).toMatch(new RegExp(`^${host}/app@sha256:[0-9a-f]{64}$`));
  });

  it('tells a tag that is not there from a registry that is away', async () => {
    await expect(driver.pull(`${host}/app:missing`, { auth: auth('secret') })).rejects.toMatchObject({ kind: 'fatal' });
    await expect(driver.pull('127.0.0.1:1/app:v1', {})).rejects.toMatchObject({ kind: 'retryable' });
  });
});

/** The engine behind a relay that can be cut, as if it had died. */
describe('an engine that goes away', () => {
  it('is retryable, and its events come back', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'stowage-docker-'));
    const socketPath = join(folder, 'engine.sock');
    const open = new Set<Socket>();
    const relay = createTcpServer((socket) => {
      const engine = connect('/var/run/docker.sock');
      for (const each of [socket, engine]) {
        open.add(each);
        each.on('error', () => {});
        each.on('close', () => open.delete(each));
      }
      socket.pipe(engine).pipe(socket);
    });
    const listen = (): Promise<void> => new Promise((resolve) => void relay.listen(socketPath, resolve));
    await listen();
    const clock = new FakeClock();
    const driver = createDocker({ clock, dockerHost: `unix://${socketPath}` });
    try {
      const connections = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const state = { connected: 0 };
      const stop = driver.events(
        `stowage.conformance=${run}-cut`,
        () => {},
        () => connections[state.connected++]?.resolve(),
      );
      await connections[0]?.promise;
      await new Promise<void>((resolve) => {
        relay.close(() => resolve());
        for (const socket of open) socket.destroy();
      });
      await expect(driver.version()).rejects.toMatchObject({ kind: 'retryable' });
      await listen();
      while (state.connected < 2) {
        await clock.advance(10_000);
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect((await driver.version()).api).toMatch(/^1\./);
      stop();
    } finally {
      await driver.close();
      for (const socket of open) socket.destroy();
      relay.close();
      await rm(folder, { recursive: true });
    }
  });
});

/** Lines longer than the engine's entries of 16 KiB. */
describe('long lines', () => {
  const driver = createDocker({ clock: systemClock });
  afterAll(() => driver.close());
  it.each([false, true])('come back whole (terminal: %s)', async (tty) => {
    await shellImage(driver);
    const id = await driver.create({
      name: `long-${run}-${tty}`,
      image,
      labels: {},
      env: {},
      entryPoint: ['/bin/sh', '-c'],
      command: ["printf '%040000d\\nnext\\nlast' 7"],
      config: { Tty: tty },
      hostConfig: { NetworkMode: 'none' },
    });
    try {
      await driver.start(id);
      await driver.wait(id);
      const lines: string[] = [];
      for await (const { line } of driver.logs(id, { follow: false })) lines.push(line);
      expect(lines.map((line) => line.length)).toEqual([40_000, 4, 4]);
      expect(lines[0]).toBe('7'.padStart(40_000, '0'));
    } finally {
      await driver.remove(id);
      await runCommand('docker', ['rmi', '-f', image]).catch(() => {});
    }
  });
});
