import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import type { ContainerSpec, DockerDriver } from '../../drivers/docker/driver.ts';
import { FakeDocker } from '../../drivers/docker/fake.ts';
import { FakeNetworkDriver } from '../../drivers/network/fake.ts';
import type { PayloadTask } from '../../wire/acs.ts';
import { createAgent, type Agent } from '../agent.ts';
import { agentOptions, container, payload, TestControl } from '../control-for-tests.ts';

let clock: FakeClock;
let docker: FakeDocker;
let control: TestControl;
let network: FakeNetworkDriver;
let specs: ContainerSpec[];
/** Whether the APIs answer, or let everybody wait. */
let answering: boolean;
let asked: number;

const server = createServer((request, response) => {
  request.resume().on('end', () => {
    asked += 1;
    if (answering) response.end('{"Parameters":[{"Name":"password","Value":"hunter2"}],"InvalidParameters":[]}');
  });
});

beforeEach(async () => {
  clock = new FakeClock();
  docker = new FakeDocker({ clock });
  docker.addImage('shell:latest');
  control = new TestControl();
  network = new FakeNetworkDriver();
  specs = [];
  answering = false;
  asked = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', () => resolve());
  await promise;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

function agentOn(): Agent {
  const watched = new Proxy<DockerDriver>(docker, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (name === 'create') {
        return (spec: ContainerSpec) => {
          specs.push(spec);
          return target.create(spec);
        };
      }
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
  const agent = createAgent(
    agentOptions({
      connect: () => control.connect(),
      docker: watched,
      network,
      registryAuth: () => Promise.reject(new Error('no registry here')),
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      clock,
    }),
  );
  agent.start();
  return agent;
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 5_000 && !condition(); i++) {
    await clock.advance(10);
    await new Promise((resolve) => void setImmediate(resolve));
  }
  expect(condition()).toBe(true);
}

it('an agent that takes over fetches what its predecessor was waiting for, and no label holds it', async () => {
  const secret = { name: 'PASSWORD', valueFrom: 'password', region: 'us-east-1', provider: 'ssm' } as const;
  const task: PayloadTask = {
    ...payload(0, [
      container('app', 'sleep 100000', {
        secrets: [{ ...secret, type: 'ENVIRONMENT_VARIABLE', target: 'CONTAINER' }],
      }),
    ]),
    executionRoleCredentials: {
      credentialsId: 'id',
      roleArn: 'role',
      accessKeyId: 'key',
      secretAccessKey: 'secret',
      sessionToken: 'token',
      expiration: '2026-01-01T00:00:00Z',
    },
  };
  const first = agentOn();
  control.run(task);
  await until(() => asked > 0 && specs.length > 0);
  control.disconnect();
  await first.stop();
  // The sandbox is there, the container is not.
  expect(specs.filter(({ image }) => image === 'shell:latest')).toEqual([]);
  answering = true;
  const second = agentOn();
  await until(() => control.reported(task.arn).status === 'RUNNING');
  const made = specs.filter(({ env }) => env['PASSWORD'] === 'hunter2');
  expect(made).toHaveLength(1);
  expect(JSON.stringify(specs.map(({ labels, config, hostConfig }) => [labels, config, hostConfig]))).not.toMatch(
    /hunter2|"token"/,
  );
  expect(JSON.stringify(control.messages)).not.toContain('hunter2');
  await second.stop();
});
