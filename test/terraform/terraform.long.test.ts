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
    terraform = new Terraform(join(import.meta.dirname, 'fargate'), { ...installation.env, TF_VAR_image: image });
  });
  afterAll(() => {
    installation.remove();
    terraform.remove();
  });

  it('applies, serves, plans nothing again, and destroys', async () => {
    await terraform.apply();
    const url = await terraform.output('url');
    expect(await must('curl', ['-fsS', '--max-time', '10', url])).toContain('Hello from a container');
    expect(await must('curl', ['-fsS', '--max-time', '10', `${url}?health=checked`])).toBe('fixed by a rule');
    const { status, text } = await terraform.plan();
    expect(status, text).toBe(0);
    await terraform.destroy();
  });
});
