import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { locate } from '../../src/cli/prepare/packages.ts';
import { must, run } from './clients.ts';

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

/** Whether terraform and its AWS provider are here; tests skip, and say so, where they are not. */
export const hasTerraform = locate('terraform') !== undefined && mirror !== undefined;

/** A copy of a configuration's folder, ready to be applied. */
export class Terraform {
  readonly #folder: string;
  readonly #env: NodeJS.ProcessEnv;

  constructor(configuration: string, env: NodeJS.ProcessEnv) {
    this.#folder = mkdtempSync(join(tmpdir(), 'stowage-terraform-'));
    cpSync(configuration, this.#folder, { recursive: true });
    const config = join(this.#folder, 'terraform.rc');
    writeFileSync(config, `provider_installation {\n  filesystem_mirror {\n    path = "${mirror}"\n  }\n}\n`);
    this.#env = { ...env, TF_CLI_CONFIG_FILE: config, TF_IN_AUTOMATION: '1', CHECKPOINT_DISABLE: '1' };
  }

  /** `init` and `apply`. */
  async apply(): Promise<void> {
    await this.#run('init', '-input=false');
    await this.#run('apply', '-auto-approve', '-input=false');
  }

  /** What a plan would still change: status 0 for nothing, with the plan's text. */
  async plan(): Promise<{ status: number | null; text: string }> {
    const args = ['plan', '-detailed-exitcode', '-input=false', '-no-color'];
    const { status, stdout, stderr } = await run('terraform', args, { env: this.#env, cwd: this.#folder });
    return { status, text: stdout + stderr };
  }

  /** An output's value as text. */
  output(name: string): Promise<string> {
    return must('terraform', ['output', '-raw', name], { env: this.#env, cwd: this.#folder });
  }

  async destroy(): Promise<void> {
    await this.#run('destroy', '-auto-approve', '-input=false');
  }

  /** Removes the copy. */
  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #run(...args: string[]): Promise<string> {
    return must('terraform', [...args, '-no-color'], { env: this.#env, cwd: this.#folder });
  }
}
