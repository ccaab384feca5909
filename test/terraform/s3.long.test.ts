import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startS3 } from '../../src/services/s3/testing.ts';
import { stsHandlers } from '../../src/services/sts/handlers.ts';
import { buckets, objectVersions } from '../../src/store/tables/s3.ts';
import { hasTerraform, Terraform } from '../support/terraform.ts';

describe.skipIf(!hasTerraform)('terraform (needs terraform and its AWS provider in TF_PLUGIN_MIRROR)', () => {
  it('makes buckets with settings and objects, plans nothing again, and leaves nothing behind', async () => {
    const server = await startS3(false, (deps) => ({ sts: stsHandlers(deps) }));
    const terraform = new Terraform(join(import.meta.dirname, 's3'), server.env);
    const { store } = server.deps;
    try {
      await terraform.apply();
      expect(await terraform.output('content')).toBe('COLOUR=blue');
      const [bucket] = store.list(buckets);
      expect(bucket).toMatchObject({ name: await terraform.output('bucket'), versioning: 'Enabled' });
      const { status, text } = await terraform.plan();
      expect(status, text).toBe(0);
      await terraform.destroy();
      expect([store.count(buckets), store.count(objectVersions)]).toEqual([0, 0]);
    } finally {
      terraform.remove();
      await server.close();
    }
  });
});
