import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createSocket } from 'node:dgram';
import { readFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { arch } from 'node:process';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { runCommand } from '../../base/command.ts';
import { systemIds } from '../../base/ids.ts';
import { createDocker } from '../../drivers/docker/engine.ts';
import { tarOf, type TarFile } from '../../drivers/docker/tar.ts';
import { FakeNetworkDriver } from '../../drivers/network/fake.ts';
import type { PayloadContainer, PayloadTask } from '../../wire/acs.ts';
import { createAgent, type Agent } from '../agent.ts';
import { agentOptions, awslogs, container, payload, TestControl } from '../control-for-tests.ts';

const installationId = systemIds.hex(8);
const image = `stowage-test-logs:${installationId}`;
const docker = createDocker({ clock: systemClock, dockerHost: process.env['DOCKER_HOST'] });
const control = new TestControl();
let agent: Agent | undefined;

/** Node and the libraries it needs, so that a container can be a log router that listens on a socket. */
async function nodeFiles(): Promise<TarFile[]> {
  const { stdout } = await runCommand('ldd', [process.execPath]);
  const libraries = [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path);
  return Promise.all(
    [process.execPath, ...libraries].map(async (path) => ({
      path: path === process.execPath ? 'bin/node' : path.slice(1),
      data: await readFile(path),
    })),
  );
}

/** Prints its configuration and whatever of the forward protocol's messages is text. */
const router = `
const { createServer } = require('node:net');
console.log(require('node:fs').readFileSync('/fluent-bit/etc/fluent-bit.conf', 'utf8'));
createServer((socket) => {
  let all = '';
  socket.setEncoding('latin1').on('data', (text) => {
    all += text;
    if (/routed line/.test(all)) console.log('HEARD ' + all.replace(/[^ -~]+/g, ' '));
  });
}).listen('/var/run/fluent.sock');
process.on('SIGTERM', () => process.exit(0));
`;

beforeAll(async () => {
  const shell = await readFile('/bin/busybox');
  const applets = ['sh', 'sleep', 'seq', 'yes', 'head'].map((applet) => ({ path: `bin/${applet}`, data: shell }));
  const files = [...applets, ...(await nodeFiles()), { path: 'router.js', data: Buffer.from(router) }];
  await docker.importImage(image, tarOf(files), { entryPoint: ['/bin/sh'] });
  agent = createAgent(
    agentOptions({
      connect: () => Promise.resolve(control.connect()),
      docker,
      network: new FakeNetworkDriver(),
      registryAuth: () => Promise.reject(new Error('no registry here')),
      clock: systemClock,
      installationId,
      machineId: `local-${installationId}`,
      arch,
    }),
  );
  agent.start();
});
afterAll(async () => {
  await agent?.stop();
  for (const { id } of await docker.list([`stowage.installation=${installationId}`])) await docker.remove(id);
  for (const volume of (
    await runCommand('docker', ['volume', 'ls', '-q', '--filter', `label=stowage.installation=${installationId}`])
  ).stdout.split('\n')) {
    if (volume !== '') await docker.removeVolume(volume);
  }
  await runCommand('docker', ['rmi', '-f', image]);
  await docker.close();
});

let count = 0;
/** A task without a network, of containers that need none. */
function task(containers: readonly PayloadContainer[]): PayloadTask {
  return { ...payload(count++, containers, installationId), networkMode: 'none', elasticNetworkInterfaces: [] };
}

function logging(type: string, config: Record<string, string>): Partial<PayloadContainer> {
  const hostConfig = JSON.stringify({ LogConfig: { Type: type, Config: config } });
  return { image, dockerConfig: { version: '1.18', config: '{}', hostConfig } };
}

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 1500; i++) {
    if (await condition()) return;
    await systemClock.sleep(20);
  }
  throw new Error(`It never came about: ${what}; ${JSON.stringify(control.changes.at(-1))}`);
}

/** Runs a container that writes one line with a log driver, and waits until `heard` has it. */
async function writes(type: string, config: Record<string, string>, heard: () => string): Promise<void> {
  const line = `said through ${type}`;
  const one = task([container('app', `echo ${line}`, logging(type, config))]);
  control.run(one);
  await until(`${type} delivers`, () => heard().includes(line));
  await until(`the task that logs to ${type} is over`, () => control.isStopped(one.arn));
  expect(control.reported(one.arn).containers['app']).toMatchObject({ exitCode: 0 });
}

it('hands json-file to the engine with its options', async () => {
  const one = task([
    container('app', 'sleep 100', { ...logging('json-file', { 'max-size': '1m', labels: 'a' }), stopTimeout: 0 }),
  ]);
  control.run(one);
  await until('it runs', () => control.reported(one.arn).status === 'RUNNING');
  const id = control.reported(one.arn).containers['app']?.runtimeId ?? '';
  const { stdout } = await runCommand('docker', ['inspect', '-f', '{{json .HostConfig.LogConfig}}', id]);
  expect(JSON.parse(stdout)).toEqual({ Type: 'json-file', Config: { 'max-size': '1m', labels: 'a' } });
  control.stop(one.arn);
});

it('hands syslog and gelf to the engine, which delivers', async () => {
  for (const type of ['syslog', 'gelf']) {
    const socket = createSocket('udp4');
    let heard = '';
    socket.on('message', (data) => (heard += type === 'gelf' ? gunzipSync(data).toString() : data.toString()));
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    await writes(type, { [`${type}-address`]: `udp://127.0.0.1:${socket.address().port}` }, () => heard);
    socket.close();
  }
});

it('hands fluentd and splunk to the engine, which delivers', async () => {
  let heard = '';
  const fluentd = createServer((socket) => socket.on('data', (data) => (heard += data.toString('latin1'))));
  fluentd.listen(0, '127.0.0.1');
  await once(fluentd, 'listening');
  const fluentdPort = (fluentd.address() as AddressInfo).port;
  await writes('fluentd', { 'fluentd-address': `127.0.0.1:${fluentdPort}`, tag: 'x' }, () => heard);
  fluentd.close();

  let authorization: string | undefined;
  const splunk = createHttpServer((request, response) => {
    authorization = request.headers.authorization ?? authorization;
    request.on('data', (data: Buffer) => (heard += data.toString()));
    request.on('end', () => response.end('{}'));
  });
  splunk.listen(0, '127.0.0.1');
  await once(splunk, 'listening');
  const splunkUrl = `http://127.0.0.1:${(splunk.address() as AddressInfo).port}`;
  await writes('splunk', { 'splunk-url': splunkUrl, 'splunk-token': 'a-token', 'splunk-gzip': 'false' }, () => heard);
  expect(authorization).toBe('Splunk a-token');
  splunk.close();
});

it('says what the engine says of a driver that cannot work', async () => {
  const one = task([container('app', 'echo', logging('fluentd', { nonsense: 'x' }))]);
  control.run(one);
  await until('the task is over', () => control.isStopped(one.arn));
  expect(control.reported(one.arn).containers['app']?.reason).toMatch(/Error: .*unknown log opt 'nonsense'/);
});

it('routes awsfirelens output through the router, which starts first and stops last', async () => {
  for (const readOnly of [false, true]) {
    const hostConfig = {
      ...(JSON.parse(awslogs.dockerConfig?.hostConfig ?? '{}') as object),
      ReadonlyRootfs: readOnly,
    };
    const one = task([
      container('app', 'echo a routed line; sleep 100', {
        ...logging('awsfirelens', { Name: 'stdout' }),
        stopTimeout: 0,
      }),
      container('router', '', {
        image,
        entryPoint: ['/bin/node', '/router.js'],
        command: [],
        firelensConfiguration: { type: 'fluentbit', options: {} },
        dockerConfig: { version: '1.18', config: '{}', hostConfig: JSON.stringify(hostConfig) },
      }),
    ]);
    control.run(one);
    const stream = `web/router/${one.arn.slice(one.arn.lastIndexOf('/') + 1)}`;
    const heard = (): string => control.lines(stream).join('\n');
    await until('the line is routed', () => heard().includes('HEARD'));
    expect(heard()).toContain('Match app-firelens*');
    expect(heard()).toMatch(new RegExp(`HEARD .*app-firelens-${stream.slice(11)}.*a routed line`));
    expect(heard()).toMatch(/container_name/);
    control.stop(one.arn);
    await until('the task is over', () => control.isStopped(one.arn));
    const { app, router: ended } = control.reported(one.arn).containers;
    expect([app?.exitCode, ended?.exitCode]).toEqual([137, 0]);
  }
});

it('holds up a container in blocking mode that writes faster than its lines are taken, and loses none', async () => {
  const config = { 'awslogs-group': '/app', 'awslogs-stream-prefix': 'web', mode: 'blocking' };
  const line = 'x'.repeat(1000);
  const script = `i=0; while [ $i -lt 100 ]; do yes ${line} | head -n 100; i=$((i+1)); sleep 0.02; done; echo the end`;
  const one = task([container('app', script, logging('awslogs', config))]);
  control.holdsLogs = true;
  control.run(one);
  await until('it is held up', async () => {
    const id = control.reported(one.arn).containers['app']?.runtimeId;
    return id !== undefined && (await docker.inspect(id)).status === 'paused';
  });
  expect(control.isStopped(one.arn)).toBe(false);
  control.releaseLogs();
  await until('it is over', () => control.isStopped(one.arn));
  const stream = `web/app/${one.arn.slice(one.arn.lastIndexOf('/') + 1)}`;
  await until('its last line is stored', () => control.lines(stream).at(-1) === 'the end');
  expect(control.lines(stream).filter((each) => each === line)).toHaveLength(10_000);
});
