import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { writeKit } from './write-kit.ts';

const options = { cluster: "it's", region: 'eu-west-1', endpoint: 'http://10.0.0.1:4566' };
const credentials = { accessKeyId: 'ASIA1', secretAccessKey: 'se/cr+et', sessionToken: 'to/ken==' };

function kit(): string {
  const folder = mkdtempSync(join(tmpdir(), 'stowage-kit-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeKit(folder, options, { credentials, arch: 'x64' });
  return folder;
}

it('holds scripts that a shell can read, and an environment that it reads as it was meant', () => {
  const folder = kit();
  for (const script of ['run.sh', 'rotate.sh', 'network.sh']) {
    expect(spawnSync('sh', ['-n', join(folder, script)], { encoding: 'utf8' }).stderr).toBe('');
    expect(statSync(join(folder, script)).mode & 0o111).toBe(0o111);
  }
  const read = spawnSync('sh', ['-c', `. ${join(folder, 'agent.env')}; printf %s "$ECS_CLUSTER"`], {
    encoding: 'utf8',
  });
  expect(read.stdout).toBe(options.cluster);
});

it('keeps its credentials from others, and can be written anew', () => {
  const folder = kit();
  const file = join(folder, 'rotatingcreds/credentials');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(file, 'utf8')).toContain('aws_secret_access_key = se/cr+et\n');
  writeKit(folder, options, { credentials: { ...credentials, accessKeyId: 'ASIA2' }, arch: 'arm64' });
  expect(readFileSync(file, 'utf8')).toContain('aws_access_key_id = ASIA2\n');
});

it('has a pause image that says what it is', () => {
  const archive = readFileSync(join(kit(), 'amazon-ecs-pause.tar'));
  const listed = spawnSync('tar', ['-t'], { input: archive, encoding: 'utf8' }).stdout.trim().split('\n');
  expect(listed).toEqual(['manifest.json', 'config.json', 'layer.tar']);
  const manifest = spawnSync('tar', ['-xO', 'manifest.json'], { input: archive, encoding: 'utf8' }).stdout;
  expect(JSON.parse(manifest)).toMatchObject([{ RepoTags: ['amazon/amazon-ecs-pause:0.1.0'] }]);
});

it('has plugins for an agent on an instance, and no credentials', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stowage-kit-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeKit(folder, { ...options, control: '/home/of/it/control.sock' }, { arch: 'x64' });
  expect(existsSync(join(folder, 'rotatingcreds'))).toBe(false);
  expect(readFileSync(join(folder, 'agent.env'), 'utf8')).not.toContain('ECS_EXTERNAL');
  expect(spawnSync('sh', ['-n', join(folder, 'run.sh')], { encoding: 'utf8' }).stderr).toBe('');
  const plugin = (name: string, args: readonly string[], env: NodeJS.ProcessEnv = {}, input = '') =>
    spawnSync(join(folder, 'cni', name), args, { encoding: 'utf8', input, env: { PATH: process.env['PATH'], ...env } });
  for (const name of ['vpc-eni', 'ecs-bridge', 'ecs-ipam', 'aws-appmesh']) {
    expect(JSON.parse(plugin(name, ['--capabilities']).stdout)).toEqual({ capabilities: ['awsvpc-network-mode'] });
    expect(JSON.parse(plugin(name, ['--version']).stdout)).toMatchObject({ dirty: false });
  }
  // Nobody listens there: it says so as plugins do.
  const add = { CNI_COMMAND: 'ADD', CNI_NETNS: '/host/proc/7/ns/net' };
  const { status, stdout } = plugin('vpc-eni', [], add, '{"eniMACAddress":"0a:58:00:00:00:01"}');
  expect(status).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    code: 100,
    msg: expect.stringContaining('the interface was not attached'),
  });
});
