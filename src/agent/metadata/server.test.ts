import type { AddressInfo, Server } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FakeNetworkDriver } from '../../drivers/network/fake.ts';
import type { PayloadTask } from '../../wire/acs.ts';
import { container, payload, vpcSpec } from '../control-for-tests.ts';
import type { VpcListeners } from '../networks/networks.ts';
import { metadataId } from '../tasks/names.ts';
import { newTaskView, type TaskView } from '../tasks/view.ts';
import { createMetadata } from './server.ts';

/** Listeners of the fake are on 127.0.0.1: a task of that address is who asks. */
function taskAt(index: number, address: string): PayloadTask {
  const task = payload(index, [container('app', 'serve')]);
  return {
    ...task,
    elasticNetworkInterfaces: task.elasticNetworkInterfaces.map((eni) => ({
      ...eni,
      ipv4Addresses: [{ privateAddress: address, primary: true }],
    })),
    roleCredentials: {
      credentialsId: `credentials-${index}`,
      roleArn: 'arn:aws:iam::000000000000:role/task',
      accessKeyId: 'ASIA',
      secretAccessKey: 'secret',
      sessionToken: 'token',
      expiration: '2026-01-01T06:00:00Z',
    },
  };
}

class ListeningNetwork extends FakeNetworkDriver {
  server: Server | undefined;
  override async listenTcp(vpcId: string): Promise<Server> {
    this.server = await super.listenTcp(vpcId);
    return this.server;
  }
}

const installationId = '0a0a0a0a';
const own = taskAt(0, '127.0.0.1');
const other = taskAt(1, '10.0.0.11');
let network: ListeningNetwork;
let metadata: VpcListeners;

beforeEach(async () => {
  network = new ListeningNetwork();
  await network.applyVpc(vpcSpec());
  const tasks: TaskView[] = [own, other].map((each) => ({ ...newTaskView(each), vpcId: 'vpc-1' }));
  metadata = createMetadata({ network, installationId, tasks: () => tasks });
  await metadata.open(vpcSpec());
});
afterEach(async () => {
  await metadata.close('vpc-1');
  await network.close();
});

async function get(path: string): Promise<{ status: number; body: unknown }> {
  const address = network.server?.address() as AddressInfo | undefined;
  const response = await fetch(`http://127.0.0.1:${address?.port ?? 0}${path}`);
  return { status: response.status, body: await response.json() };
}

it('shows a container and its task', async () => {
  const id = metadataId(installationId, own, 'app');
  expect(await get(`/v4/${id}`)).toMatchObject({
    status: 200,
    body: {
      Name: 'app',
      KnownStatus: 'PENDING',
      Networks: [{ IPv4Addresses: ['127.0.0.1'], IPv4SubnetCIDRBlock: '10.0.0.0/24' }],
    },
  });
  expect(await get(`/v4/${id}/task`)).toMatchObject({ status: 200, body: { TaskARN: own.arn, Limits: { CPU: 0.25 } } });
  expect(JSON.stringify(await get(`/v4/${id}`))).not.toContain('stowage.payload');
});

it('hands out the credentials of its role', async () => {
  expect(await get('/v2/credentials/credentials-0')).toMatchObject({
    status: 200,
    body: { AccessKeyId: 'ASIA', SecretAccessKey: 'secret', Token: 'token', Expiration: '2026-01-01T06:00:00Z' },
  });
});

it("shows nobody another task's", async () => {
  expect((await get(`/v4/${metadataId(installationId, other, 'app')}`)).status).toBe(404);
  expect((await get('/v2/credentials/credentials-1')).status).toBe(400);
});

it('says that it does not know what it does not serve', async () => {
  expect((await get(`/v4/${metadataId(installationId, own, 'app')}/stats`)).status).toBe(404);
  expect((await get('/')).status).toBe(404);
});
