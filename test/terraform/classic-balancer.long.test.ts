import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startInstallation, type TestInstallation } from '../support/installation.ts';
import { hasTerraform, Terraform } from '../support/terraform.ts';

describe.skipIf(!hasTerraform)('Classic Load Balancers by Terraform', () => {
  let installation: TestInstallation;
  let terraform: Terraform;
  beforeAll(async () => {
    installation = await startInstallation();
    terraform = new Terraform(join(import.meta.dirname, 'classic-balancer'), installation.env);
    await terraform.apply();
  });
  afterAll(() => {
    terraform.remove();
    installation.remove();
  });

  it('are as they were asked for', async () => {
    const plan = await terraform.plan();
    expect(plan.status, plan.text).toBe(0);
    expect(await terraform.output('name')).toMatch(/^web-\d{10}\.us-east-1\.elb\.stowage\.internal$/);
    await terraform.destroy();
  });
});
