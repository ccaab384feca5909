import { chmodSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { locate } from '../prepare/packages.ts';
import { existing, type Clients } from './clients.ts';

const example = fileURLToPath(new URL('../../../examples/hello/', import.meta.url));

/** Builds the example with docker and pushes it to ECR as `name`; answers its reference. */
export async function pushImage(clients: Clients, name: string): Promise<string> {
  const busybox = locate('busybox');
  if (busybox === undefined) throw new Error('busybox is not installed');
  const context = mkdtempSync(join(tmpdir(), 'stowage-hello-'));
  try {
    copyFileSync(busybox, join(context, 'busybox'));
    for (const file of ['Dockerfile', 'index.cgi']) copyFileSync(join(example, file), join(context, file));
    chmodSync(join(context, 'index.cgi'), 0o755);
    await clients.docker(['build', '--quiet', '--tag', name, context]);
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
  const described = await existing(
    () => clients.aws<Repositories>('ecr', 'describe-repositories', '--repository-names', name),
    'RepositoryNotFoundException',
  );
  const uri =
    described?.repositories[0]?.repositoryUri ??
    (
      await clients.aws<{ repository: { repositoryUri: string } }>(
        'ecr',
        'create-repository',
        '--repository-name',
        name,
      )
    ).repository.repositoryUri;
  const password = await clients.awsText('ecr', 'get-login-password');
  await clients.docker(['login', '--username', 'AWS', '--password-stdin', uri.split('/')[0] ?? uri], password);
  await clients.docker(['tag', name, `${uri}:latest`]);
  await clients.docker(['push', '--quiet', `${uri}:latest`]);
  return `${uri}:latest`;
}

interface Repositories {
  readonly repositories: readonly { readonly repositoryUri: string }[];
}
