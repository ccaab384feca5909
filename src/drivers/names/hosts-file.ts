import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { DriverError, messageOf } from '../../base/errors.ts';

/** Makes names resolve on this machine, for the people and programs on it that are in no VPC. */
export interface HostNames {
  /** Makes exactly `names` (lower case, to IPv4 addresses) resolve; names of other installations stay. */
  apply(names: Readonly<Record<string, readonly string[]>>): void;
}

/**
 * What the file's text becomes: this installation's names in a block of its own, everything else untouched. Without
 * names the block goes ("hosts(5)").
 */
export function withBlock(
  text: string,
  installationId: string,
  names: Readonly<Record<string, readonly string[]>>,
): string {
  const begin = `# stowage ${installationId} begin`;
  const end = `# stowage ${installationId} end`;
  const kept: string[] = [];
  let inside = false;
  for (const line of text.split('\n')) {
    if (line === begin) inside = true;
    if (!inside) kept.push(line);
    if (line === end) inside = false;
  }
  const rest = kept.join('\n').replace(/\n+$/, '\n');
  const rows = Object.keys(names)
    .sort()
    .flatMap((name) => (names[name] ?? []).map((address) => `${address} ${name}`));
  return rows.length === 0
    ? rest
    : `${rest}${rest.endsWith('\n') || rest === '' ? '' : '\n'}${[begin, ...rows, end].join('\n')}\n`;
}

/** Keeps the names in a hosts file. The file is rewritten in place: in containers it is a mount and can't be replaced. */
export function hostsFile(installationId: string, path = '/etc/hosts'): HostNames {
  return {
    apply(names) {
      try {
        const text = readFileSync(path, 'utf8');
        const wanted = withBlock(text, installationId, names);
        if (wanted === text) return;
        const file = openSync(path, 'r+');
        try {
          // One write, padded with line ends to the old length: no reader ever sees half a file or an empty one.
          writeSync(file, wanted.padEnd(text.length, '\n'), 0);
          ftruncateSync(file, Buffer.byteLength(wanted));
          fsyncSync(file);
        } finally {
          closeSync(file);
        }
      } catch (error) {
        throw new DriverError('retryable', `${path} could not be written: ${messageOf(error)}`, { cause: error });
      }
    },
  };
}

/** Names that go nowhere, for those who keep their hosts file to themselves (`STOWAGE_HOSTS_FILE=none`). */
export const noHostNames: HostNames = { apply: () => {} };
