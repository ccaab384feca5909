import { readFile } from 'node:fs/promises';
import { arch } from 'node:process';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { runCommand } from '../base/command.ts';
import { systemIds } from '../base/ids.ts';
import { silentLog } from '../base/log.ts';
import type { ContainerState } from '../drivers/docker/driver.ts';
import { createDocker } from '../drivers/docker/engine.ts';
import { tarOf } from '../drivers/docker/tar.ts';
import { LinuxNetworkDriver } from '../drivers/network/linux.ts';
import { createAgent, type Agent } from './agent.ts';
import { agentOptions, awslogs, container, payload, TestControl, vpcSpec } from './control-for-tests.ts';

const installationId = systemIds.hex(8);
const image = `stowage-test-agent:${installationId}`;
const hostNamespace = `stwagent${installationId}`;
const docker = createDocker({ clock: systemClock, dockerHost: process.env['DOCKER_HOST'] });
const zeros = (index: number): string => String(index).padStart(32, '0');

let network: LinuxNetworkDriver;
let control: TestControl;
let agent: Agent | undefined;

/** A new process: drivers that know nothing of what an earlier one did. */
function begin(): void {
  network = new LinuxNetworkDriver({
    installationId,
    publicPool: '100.127.96.0/20',
    clock: systemClock,
    log: silentLog,
    verifyEveryMs: 0,
    hostNamespace: `/run/netns/${hostNamespace}`,
  });
  agent = createAgent(
    agentOptions({
      connect: () => control.connect(),
      docker,
      network,
      registryAuth: () => Promise.reject(new Error('no registry here')),
      clock: systemClock,
      installationId,
      machineId: `local-${installationId}`,
      arch,
      upstream: {
        udp: () => Promise.reject(new Error('no resolver here')),
        tcp: () => Promise.reject(new Error('none')),
      },
    }),
  );
  agent.start();
}

async function end(): Promise<void> {
  control.disconnect();
  await agent?.stop();
  await network.close();
  agent = undefined;
}

const containers = (): Promise<ContainerState[]> => docker.list([`stowage.installation=${installationId}`]);

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 1500; i++) {
    if (await condition()) return;
    await systemClock.sleep(20);
  }
  throw new Error(`It never came about: ${what}; ${JSON.stringify(control.changes)}`);
}

beforeAll(async () => {
  const shell = await readFile('/bin/busybox');
  const applets = ['sh', 'cat', 'sleep', 'wget', 'httpd', 'hostname', 'nslookup', 'mkdir', 'wc', 'test'];
  const files = applets.map((applet) => ({ path: `bin/${applet}`, data: shell }));
  await docker.importImage(image, tarOf(files), { entryPoint: ['/bin/sh'] });
  await runCommand('ip', ['netns', 'add', hostNamespace]);
});
afterEach(async () => {
  if (agent !== undefined) await end();
  for (const each of await containers()) await docker.remove(each.id);
});
afterAll(async () => {
  await network?.removeAll();
  await runCommand('ip', ['netns', 'delete', hostNamespace]);
  await runCommand('docker', ['rmi', '-f', image]);
  await docker.close();
});

it('runs tasks that reach each other by name, know themselves, and outlive the agent', async () => {
  control = new TestControl();
  const open = [{ protocol: '-1', fromPort: -1, toPort: -1, peer: { cidr: '0.0.0.0/0' } }];
  control.vpcs[0] = {
    ...vpcSpec(2),
    securityGroups: [{ groupId: 'sg-1', ingress: open, egress: open }],
    hosts: { 'web.internal': ['10.0.0.10'] },
  };
  const server = payload(
    0,
    [container('web', 'mkdir /www; hostname > /www/index.html; httpd -f -h /www', { image, stopTimeout: 0 })],
    installationId,
  );
  const client = payload(
    1,
    [
      container(
        'ask',
        [
          // Until the server has begun; what the first attempts say is not its name.
          'until wget -qO- http://ip-10-0-0-10.ec2.internal/ 2>/dev/null; do sleep 0.1; done',
          'wget -qO- http://web.internal/',
          'wget -qO- $ECS_CONTAINER_METADATA_URI_V4/task',
          'echo; hostname; echo last words',
          'exit 5',
        ].join('; '),
        { image, ...awslogs },
      ),
    ],
    installationId,
  );
  begin();
  control.run(server);
  await until('the server runs', () => control.reported(server.arn).status === 'RUNNING');
  const before = await containers();
  // The agent's process ends and another begins: nothing restarts.
  await end();
  begin();
  control.run(client);
  await until('the client is over', () => control.isStopped(client.arn));
  expect(control.reported(client.arn).containers['ask']).toMatchObject({ status: 'STOPPED', exitCode: 5 });
  const stream = `web/ask/${installationId}${zeros(1)}`;
  await until('its last line is stored', () => control.lines(stream).includes('last words'));
  const lines = control.lines(stream);
  expect(lines.slice(0, 2)).toEqual(['ip-10-0-0-10.ec2.internal', 'ip-10-0-0-10.ec2.internal']);
  expect(JSON.parse(lines[2] ?? '')).toMatchObject({ TaskARN: client.arn, Containers: [{ Name: 'ask' }] });
  expect(lines.slice(3)).toEqual(['ip-10-0-0-11.ec2.internal', 'last words']);
  const after = await containers();
  const started = (states: ContainerState[]): string[] =>
    states
      .filter((each) => each.labels['stowage.task'] === server.arn)
      .map(({ id, startedAt, pid }) => `${id} ${startedAt ?? 0} ${pid}`)
      .toSorted();
  expect(started(after)).toEqual(started(before));
  control.stop(server.arn);
  await until('the server is stopped', () => control.isStopped(server.arn));
  await until('the networks are given back', async () => (await network.listAttached('vpc-1')).length === 0);
  await until('no pause container is left', async () => (await containers()).length === 2);
});

it('restarts a container in place as its policy says, until its exit code is an ignored one', async () => {
  control = new TestControl();
  control.vpcs[0] = vpcSpec(1);
  // Its file system outlives a restart, and so it can count its lives.
  const script = 'echo x >> /lives; wc -l < /lives; sleep 1; test $(wc -l < /lives) = 3 && exit 42; exit 1';
  const restartPolicy = { enabled: true, ignoredExitCodes: [42], restartAttemptPeriod: 1 };
  const task = payload(0, [container('app', script, { image, restartPolicy, ...awslogs })], installationId);
  begin();
  control.run(task);
  await until('it has ended for good', () => control.isStopped(task.arn));
  expect(control.reported(task.arn).containers['app']).toMatchObject({ status: 'STOPPED', exitCode: 42 });
  const told = control.changes.flatMap(({ containers: each }) => each.map(({ status }) => status));
  expect(told).toEqual(['RUNNING', 'STOPPED']);
  const stream = `web/app/${installationId}${zeros(0)}`;
  // A new process knows of it.
  control.disconnect();
  await agent?.stop();
  await network.close();
  begin();
  await until('it counts its lives', () => agent?.tasks[0]?.containers[0]?.restarts === 2);
  await until('every life is in the log', () => control.lines(stream).length === 3);
  expect(control.lines(stream)).toEqual(['1', '2', '3']);
  await until('no second container was made', async () => (await containers()).length === 1);
});
