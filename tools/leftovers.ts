import { readdirSync, readFileSync } from 'node:fs';
import { runCommand } from '../src/base/command.ts';

/** Everything on this machine that Stowage (any installation of it) has made, one line of text each. */
export async function leftovers(): Promise<string[]> {
  const lines = async (program: string, ...args: string[]): Promise<string[]> =>
    (await runCommand(program, args)).stdout.split('\n').filter((line) => line.trim() !== '');
  const [containers, volumes, namespaces, links, tables, routes] = await Promise.all([
    lines('docker', 'ps', '--all', '--filter', 'label=stowage.installation', '--format', 'container {{.Names}}'),
    lines('docker', 'volume', 'ls', '--filter', 'label=stowage.installation', '--format', 'volume {{.Name}}'),
    lines('ip', 'netns', 'list'),
    lines('ip', '-o', 'link', 'show'),
    lines('nft', 'list', 'tables'),
    lines('ip', 'route', 'show', 'table', 'all'),
  ]);
  return [
    ...containers,
    ...volumes,
    ...namespaces.filter((line) => line.startsWith('stowage')).map((line) => `namespace ${line.split(' ')[0] ?? ''}`),
    ...links.filter((line) => /^\d+: (st|sw)[\w-]*[@:]/.test(line)).map((line) => `link ${line.split(': ')[1] ?? ''}`),
    ...tables.filter((line) => line.includes('stowage')),
    ...routes.filter((line) => line.includes('100.127.')).map((line) => `route ${line.trim()}`),
    ...haproxies(),
    ...groups(),
  ];
}

function groups(): string[] {
  const root = '/sys/fs/cgroup';
  const namesIn = (tree: string): string[] => {
    try {
      return readdirSync(tree);
    } catch {
      return []; // No directory.
    }
  };
  // In the first hierarchy every controller has a tree of its own.
  return [root, ...namesIn(root).map((name) => `${root}/${name}`)].flatMap((tree) =>
    namesIn(tree)
      .filter((name) => name.startsWith('stowage'))
      .map((name) => `control group ${tree}/${name}`),
  );
}

function haproxies(): string[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return /haproxy\b.*stowage/.test(command) ? [`process ${pid} ${command.trim()}`] : [];
      } catch {
        return []; // It ended meanwhile.
      }
    });
}
