import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CreateRepositoryCommand, DescribeImagesCommand, ECRClient } from '@aws-sdk/client-ecr';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ecrImage } from '../../../model/ecr/image-reference.ts';
import { mintRegistryCredentials } from '../../../store/registry-credentials.ts';
import { startEcr, type EcrServer } from '../testing.ts';

// The real docker, against the registry: login, build, push, pull and run.

let server: EcrServer;
let dir: string;
let host: string;
let name: string;
let client: ECRClient;

const run = promisify(execFile);
const docker = async (...args: string[]): Promise<string> =>
  (await run('docker', args, { env: { ...process.env, DOCKER_CONFIG: dir, DOCKER_BUILDKIT: '0' } })).stdout;

beforeAll(async () => {
  server = await startEcr();
  dir = await mkdtemp(join(tmpdir(), 'stowage-docker-'));
  host = new URL(server.endpoint).host;
  name = `hello-${server.deps.ids.hex(8)}`;
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  client = new ECRClient({ endpoint: server.endpoint, region: 'us-east-1', credentials });
  await client.send(new CreateRepositoryCommand({ repositoryName: name }));
  await copyFile('/bin/busybox', join(dir, 'busybox'));
  await writeFile(
    join(dir, 'Dockerfile'),
    `FROM scratch\nLABEL test=${name}\nCOPY busybox /bin/sh\nCMD ["sh","-c","echo hello"]\n`,
  );
});

afterAll(async () => {
  await docker('image', 'prune', '--all', '--force', '--filter', `label=test=${name}`).catch(() => {});
  await rm(dir, { recursive: true });
  await server.close();
});

test('an image built with docker is pushed, described, pulled and run', async () => {
  const image = `${host}/${name}:v1`;
  await docker('build', '--quiet', '--tag', image, dir);
  await expect(docker('push', image)).rejects.toThrow(/no basic auth credentials|unauthorized|Not authorized/);

  const env = {
    ...process.env,
    AWS_ENDPOINT_URL: server.endpoint,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  };
  // The endpoint as an option: a CLI older than AWS_ENDPOINT_URL knows nothing else.
  const login = ['--endpoint-url', server.endpoint, 'ecr', 'get-login-password', '--region', 'us-east-1'];
  const { stdout: password } = await run('aws', login, { env });
  await writeFile(join(dir, 'password'), password.trim());
  await run('sh', ['-c', `docker login --username AWS --password-stdin ${host} < ${dir}/password`], {
    env: { ...process.env, DOCKER_CONFIG: dir },
  });
  await docker('push', image);

  const { imageDetails } = await client.send(new DescribeImagesCommand({ repositoryName: name }));
  expect(imageDetails).toMatchObject([{ imageTags: ['v1'] }]);
  const digest = imageDetails?.[0]?.imageDigest ?? '';
  expect(await docker('image', 'inspect', '--format', '{{.RepoDigests}}', image)).toContain(digest);

  await docker('image', 'rm', '--force', image);
  expect(await docker('run', '--rm', '--network', 'none', image)).toBe('hello\n');

  // Another tag of the same layers: nothing is sent twice.
  await docker('tag', image, `${host}/${name}:v2`);
  expect(await docker('push', `${host}/${name}:v2`)).toContain('already exists');
});

test('the engine pulls what a task names canonically, with credentials of its own', async () => {
  const canonical = `000000000000.dkr.ecr.us-east-1.amazonaws.com/${name}:v1`;
  const found = ecrImage(canonical, host, { account: '111122223333', region: 'eu-west-1' });
  expect(found).toMatchObject({ account: '000000000000', region: 'us-east-1', repository: name, suffix: ':v1' });
  const { store, clock, ids } = server.deps;
  const { username, password } = mintRegistryCredentials(store, clock, ids, found ?? { account: '', region: '' });
  const auth = Buffer.from(JSON.stringify({ username, password, serveraddress: host }))
    .toString('base64')
    .replaceAll('+', '-')
    .replaceAll('/', '_');
  const pull = found?.pull ?? '';
  const { stdout } = await run('curl', [
    '--silent',
    '--unix-socket',
    '/var/run/docker.sock',
    '--request',
    'POST',
    '--header',
    `X-Registry-Auth: ${auth}`,
    `http://docker/images/create?fromImage=${encodeURIComponent(pull)}`,
  ]);
  expect(stdout).toContain('Status:');
  expect(await docker('run', '--rm', '--network', 'none', pull)).toBe('hello\n');
});
