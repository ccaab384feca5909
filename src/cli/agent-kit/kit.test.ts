import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
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
