import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { ECSClient, CreateClusterCommand, ListClustersCommand } from '@aws-sdk/client-ecs';
import { DescribeVpcsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { must } from '../support/clients.ts';
import { freePort, startInstallation, type TestInstallation } from '../support/installation.ts';

/** The CLI as a user meets it: an installation's life from `up` to `reset`. */
describe('stowage', () => {
  let installation: TestInstallation;
  beforeAll(async () => {
    installation = await startInstallation();
  });
  afterAll(() => installation.remove());

  const client = (
    region: string,
    accessKeyId = 'test',
  ): { region: string; endpoint: string; credentials: { accessKeyId: string; secretAccessKey: string } } => ({
    region,
    endpoint: installation.endpoint,
    credentials: { accessKeyId, secretAccessKey: 'test' },
  });
  const clusters = async (region: string, accessKeyId?: string): Promise<number> =>
    (await new ECSClient(client(region, accessKeyId)).send(new ListClustersCommand({}))).clusterArns?.length ?? 0;
  const failure = (...args: string[]): string => {
    try {
      installation.stowage(...args);
    } catch (error) {
      return String(error);
    }
    throw new Error(`stowage ${args.join(' ')} did not fail`);
  };

  it('is ready once `up --detach` returns, and starting it twice is fine', async () => {
    const health = (await (await fetch(`${installation.endpoint}/_stowage/health`)).json()) as Record<string, unknown>;
    expect(health).toMatchObject({ status: 'ready', home: installation.home, account: '000000000000' });
    const again = JSON.parse(installation.stowage('up', '--detach', '--json')) as Record<string, unknown>;
    expect(again).toMatchObject({ endpoint: installation.endpoint, pid: health['pid'] });
  });

  it('keeps accounts and regions apart, and everything over a restart', async () => {
    await new ECSClient(client('us-east-1')).send(new CreateClusterCommand({ clusterName: 'kept' }));
    expect(await clusters('us-east-1')).toBe(1);
    expect(await clusters('eu-west-1')).toBe(0);
    expect(await clusters('us-east-1', '123456789012')).toBe(0);
    const { Vpcs } = await new EC2Client(client('eu-west-1')).send(new DescribeVpcsCommand({}));
    expect(Vpcs).toMatchObject([{ IsDefault: true, CidrBlock: '172.31.0.0/16' }]);
    installation.stowage('down');
    expect(failure('status')).toContain("start it with 'stowage up'");
    installation.stowage('up', '--detach');
    expect(await clusters('us-east-1')).toBe(1);
  });

  it('points other programs at itself', async () => {
    const lines = installation.stowage('env');
    const printed = await must('sh', ['-c', `${lines}\necho $AWS_ENDPOINT_URL $AWS_DEFAULT_REGION`]);
    expect(printed).toBe(`${installation.endpoint} us-east-1`);
    expect(JSON.parse(installation.stowage('env', '--json'))).toMatchObject({
      AWS_ENDPOINT_URL: installation.endpoint,
    });
    const identity = installation.stowage(
      'aws',
      'sts',
      'get-caller-identity',
      '--query',
      'Account',
      '--output',
      'text',
    );
    expect(identity.trim()).toBe('000000000000');
  });

  it('says what is well and what is not', async () => {
    expect(JSON.parse(installation.stowage('doctor', '--json'))).toMatchObject({ ok: true });
    const port = await freePort();
    const other = createServer().listen(port, '127.0.0.1');
    await once(other, 'listening');
    try {
      const home = join(installation.home, 'other');
      expect(failure('doctor', '--home', home, '--port', String(port))).toContain('is taken by another program');
      expect(failure('up', '--home', home, '--port', String(port))).toContain('give another one with --port');
    } finally {
      other.close();
    }
    expect(failure('nonsense')).toContain("'stowage help' lists them");
    expect(failure('up', '--port', 'x')).toContain('--port x is not a port');
    expect(failure('up', '--account', '1')).toContain('give 12 digits');
    expect(failure('up', '--host', '0.0.0.0')).toContain('is not loopback');
    expect(failure('status', '--nonsense')).toContain('--nonsense');
  });

  it('shows the logs of the control plane', () => {
    expect(installation.stowage('logs')).toContain('machine connected');
    expect(failure('logs', '/no/such/group')).toContain('The specified log group does not exist');
  });

  it('is empty after a reset, over HTTP and by the command, running or not', async () => {
    const refused = await fetch(`${installation.endpoint}/_stowage/reset`, {
      method: 'POST',
      headers: { origin: 'http://elsewhere.example' },
    });
    expect(refused.status).toBe(403);
    expect(await clusters('us-east-1')).toBe(1);
    const done = await fetch(`${installation.endpoint}/_stowage/reset`, { method: 'POST' });
    expect(done.status).toBe(200);
    expect(await clusters('us-east-1')).toBe(0);
    await new ECSClient(client('us-east-1')).send(new CreateClusterCommand({ clusterName: 'again' }));
    installation.stowage('reset');
    expect(await clusters('us-east-1')).toBe(0);
    installation.stowage('down');
    installation.stowage('reset');
    expect(existsSync(installation.home)).toBe(false);
    installation.stowage('up', '--detach');
    expect(await clusters('us-east-1')).toBe(0);
  });
});
