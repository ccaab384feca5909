import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { locate } from '../../src/cli/prepare/packages.ts';
import { must, pushHello, run } from '../support/clients.ts';
import { startInstallation, type TestInstallation } from '../support/installation.ts';

/** A folder that holds the AWS provider as a filesystem mirror: TF_PLUGIN_MIRROR, or a folder where such things lie. */
function findMirror(): string | undefined {
  const below = (folder: string): string[] =>
    existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
  const candidates = [
    process.env['TF_PLUGIN_MIRROR'] ?? '',
    join(homedir(), '.terraform.d/plugins'),
    ...['/opt', '/usr/share/terraform', '/usr/local/share/terraform'].flatMap(below),
  ];
  return candidates.find((folder) => existsSync(join(folder, 'registry.terraform.io/hashicorp/aws')));
}
const mirror = findMirror();

describe.skipIf(locate('terraform') === undefined || mirror === undefined)(
  'terraform (needs terraform and its AWS provider in TF_PLUGIN_MIRROR)',
  () => {
    let installation: TestInstallation;
    let folder: string;
    let env: NodeJS.ProcessEnv;
    beforeAll(async () => {
      installation = await startInstallation();
      folder = mkdtempSync(join(tmpdir(), 'stowage-terraform-'));
      cpSync(join(import.meta.dirname, 'fargate'), folder, { recursive: true });
      const config = join(folder, 'terraform.rc');
      writeFileSync(config, `provider_installation {\n  filesystem_mirror {\n    path = "${mirror}"\n  }\n}\n`);
      const image = await pushHello(installation, 'terraform', '1');
      env = {
        ...installation.env,
        TF_CLI_CONFIG_FILE: config,
        TF_VAR_image: image,
        TF_IN_AUTOMATION: '1',
        CHECKPOINT_DISABLE: '1',
      };
    });
    afterAll(() => {
      installation.remove();
      rmSync(folder, { recursive: true, force: true });
    });

    it('applies, serves, plans nothing again, and destroys', async () => {
      const terraform = (...args: string[]): Promise<string> =>
        must('terraform', [...args, '-no-color'], { env, cwd: folder });
      await terraform('init', '-input=false');
      await terraform('apply', '-auto-approve', '-input=false');
      const url = await must('terraform', ['output', '-raw', 'url'], { env, cwd: folder });
      expect(await must('curl', ['-fsS', '--max-time', '10', url])).toContain('Hello from a container');
      const plan = await run('terraform', ['plan', '-detailed-exitcode', '-input=false', '-no-color'], {
        env,
        cwd: folder,
      });
      expect(plan.status, plan.stdout + plan.stderr).toBe(0);
      await terraform('destroy', '-auto-approve', '-input=false');
    });
  },
);
