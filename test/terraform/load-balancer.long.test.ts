import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, run } from '../support/clients.ts';
import { startInstallation, type TestInstallation } from '../support/installation.ts';
import { hasTerraform, Terraform } from '../support/terraform.ts';

describe.skipIf(!hasTerraform)('terraform (needs terraform and its AWS provider in TF_PLUGIN_MIRROR)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stowage-terraform-lb-'));
  let installation: TestInstallation;
  let terraform: Terraform;
  beforeAll(async () => {
    installation = await startInstallation();
    terraform = new Terraform(join(import.meta.dirname, 'load-balancer'), installation.env);
  });
  afterAll(() => {
    installation.remove();
    terraform.remove();
    rmSync(folder, { recursive: true });
  });

  it('makes a load balancer with rules of every kind and HTTPS, which serves them, and plans nothing again', async () => {
    await terraform.apply();
    const name = await terraform.output('name');
    const root = join(folder, 'root.pem');
    writeFileSync(root, installation.stowage('ca'));
    const curl = async (url: string, ...args: string[]): Promise<string> => {
      const { host, port, protocol } = new URL(url);
      const at = port === '' ? (protocol === 'https:' ? '443' : '80') : port;
      const to = ['--connect-to', `${host}:${at}:${name}:${at}`];
      return (await run('curl', ['-sS', '--max-time', '10', '--cacert', root, ...to, ...args, url])).stdout;
    };
    const what = ['-o', '/dev/null', '-w', '%{http_code} %{redirect_url}'];
    await eventually('the default rule answers', 120_000, async () =>
      (await curl('https://shop.test/')) === 'nothing here' ? true : undefined,
    );
    expect(await curl('http://shop.test/a?b=1', ...what)).toBe('301 https://shop.test:443/a?b=1');
    expect(await curl('https://api.test/?health=checked')).toBe('fixed by a rule');
    expect(await curl('https://shop.test/a?b=1', '-H', 'X-Client: old-one', ...what)).toBe(
      '302 https://new.shop.test:443/from/a?b=1&moved=1',
    );
    // Nobody is registered.
    expect(await curl('https://shop.test/app/x', ...what)).toBe('503 ');
    expect(await curl('https://grpc.test/a.B/C', '-k', '-d', 'x', ...what)).toBe('503 ');
    const { status, text } = await terraform.plan();
    expect(status, text).toBe(0);
    await terraform.destroy();
  });
});
