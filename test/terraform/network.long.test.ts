import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runLoop } from '../../src/control/loop.ts';
import { natGatewayLoop } from '../../src/control/nat-gateways/loop.ts';
import { ec2Fixture, startFront } from '../../src/services/ec2/testing.ts';
import { stsHandlers } from '../../src/services/sts/handlers.ts';
import { natGateways, networkInterfaces, securityGroupRules, subnets, vpcs } from '../../src/store/tables/ec2.ts';
import { hasTerraform, Terraform } from '../support/terraform.ts';

describe.skipIf(!hasTerraform)('terraform (needs terraform and its AWS provider in TF_PLUGIN_MIRROR)', () => {
  it('makes every kind of network resource, plans nothing again, and leaves nothing behind', async () => {
    const fixture = ec2Fixture();
    const { store } = fixture;
    const front = await startFront(fixture, { sts: stsHandlers(fixture) });
    const stop = runLoop(natGatewayLoop(fixture), fixture);
    const terraform = new Terraform(join(import.meta.dirname, 'network'), front.env);
    try {
      await terraform.apply();
      expect(await terraform.output('zones')).toBe('use1-az1,use1-az2,use1-az3');
      expect(await terraform.output('default_subnets')).toBe('3');
      expect(store.list(natGateways).map((nat) => nat.state)).toEqual(['available']);
      const { status, text } = await terraform.plan();
      expect(status, text).toBe(0);
      await terraform.destroy();
      expect(store.list(vpcs).map((vpc) => vpc.isDefault)).toEqual([true]);
      expect([store.count(subnets), store.count(networkInterfaces), store.count(securityGroupRules)]).toEqual([
        3, 0, 2,
      ]);
    } finally {
      stop();
      front.close();
      terraform.remove();
    }
  });
});
