import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, run } from '../support/clients.ts';
import { startInstallation, type TestInstallation } from '../support/installation.ts';
import { hasTerraform, Terraform } from '../support/terraform.ts';

describe.skipIf(!hasTerraform)('network load balancers by Terraform', () => {
  let installation: TestInstallation;
  let terraform: Terraform;
  beforeAll(async () => {
    installation = await startInstallation();
    terraform = new Terraform(join(import.meta.dirname, 'network-balancer'), installation.env);
    await terraform.apply();
  });
  afterAll(() => {
    terraform.remove();
    installation.remove();
  });

  it('are as they were asked for, and pass on to an application load balancer', async () => {
    const plan = await terraform.plan();
    expect(plan.status, plan.text).toBe(0);
    const address = await terraform.output('address');
    await eventually('the application load balancer answers', 120_000, async () => {
      const { stdout } = await run('curl', ['-sS', '--max-time', '5', `http://${address}:8080/`]);
      return stdout === 'from the application load balancer' ? true : undefined;
    });
    await terraform.destroy();
  });
});
