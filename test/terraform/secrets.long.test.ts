import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { kmsAliases, kmsKeys } from '../../src/store/tables/kms.ts';
import { secrets } from '../../src/store/tables/secretsmanager.ts';
import { parameters } from '../../src/store/tables/ssm.ts';
import { startApi } from '../bad-input/front-for-tests.ts';
import { hasTerraform, Terraform } from '../support/terraform.ts';

describe.skipIf(!hasTerraform)('terraform (needs terraform and its AWS provider in TF_PLUGIN_MIRROR)', () => {
  it('makes keys, parameters and secrets, plans nothing again, and takes them away', async () => {
    const api = await startApi();
    const { store } = api;
    const terraform = new Terraform(join(import.meta.dirname, 'secrets'), {
      ...process.env,
      AWS_ENDPOINT_URL: api.endpoint,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_EC2_METADATA_DISABLED: 'true',
    });
    try {
      await terraform.apply();
      expect(await terraform.output('username')).toBe('app');
      expect(await terraform.output('parameters')).toBe('/app/password,/app/url');
      const { status, text } = await terraform.plan();
      expect(status, text).toBe(0);
      await terraform.destroy();
      // Keys and secrets wait for a week.
      expect(store.list(kmsKeys).map(({ state }) => state)).toEqual(['PendingDeletion']);
      expect(store.list(secrets).map(({ deletion }) => deletion === undefined)).toEqual([false]);
      expect([store.count(kmsAliases), store.count(parameters)]).toEqual([0, 0]);
    } finally {
      api.close();
      terraform.remove();
    }
  });
});
