import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { must, pushHello } from '../support/clients.ts';
import { startInstallation, type TestInstallation } from '../support/installation.ts';
import { hasTerraform, Terraform } from '../support/terraform.ts';

describe.skipIf(!hasTerraform)('terraform (needs terraform and its AWS provider in TF_PLUGIN_MIRROR)', () => {
  let installation: TestInstallation;
  let terraform: Terraform;
  beforeAll(async () => {
    installation = await startInstallation();
    const image = await pushHello(installation, 'terraform', '1');
    terraform = new Terraform(join(import.meta.dirname, 'instances'), { ...installation.env, TF_VAR_image: image });
  });
  afterAll(() => {
    installation.remove();
    terraform.remove();
  });

  it('makes a cluster of instances, serves from it, plans nothing again, and destroys', async () => {
    await terraform.apply();
    expect(await must('curl', ['-fsS', '--max-time', '10', await terraform.output('url')])).toContain(
      'Hello from a container',
    );
    const { status, text } = await terraform.plan();
    expect(status, text).toBe(0);
    await terraform.destroy();
  });
});
