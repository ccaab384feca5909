import { readFileSync, realpathSync } from 'node:fs';

/**
 * Whether a directory lies on an XFS file system that was mounted with project quotas: there overlay2 can bound a layer
 * ("OverlayFS storage driver", Docker documentation). `mounts` is `/proc/self/mountinfo`.
 */
export function hasProjectQuotas(directory: string, mounts = mountsHere()): boolean {
  const path = realPath(directory);
  const holders = mounts.split('\n').flatMap((line) => {
    const [own = '', file = ''] = line.split(' - ');
    // Characters that would end a field are written as octal numbers.
    const at = own.split(' ')[4]?.replaceAll(/\\(\d{3})/g, (_, code: string) => String.fromCharCode(parseInt(code, 8)));
    const [type, , options = ''] = file.split(' ');
    if (at === undefined || !(path === at || path.startsWith(at === '/' ? at : `${at}/`))) return [];
    return [{ at, quotas: type === 'xfs' && /(^|,)(p|prj)quota(,|$)/.test(options) }];
  });
  // The innermost; of several at the same place the last, which hides the others.
  const innermost = Math.max(...holders.map(({ at }) => at.length));
  return holders.findLast(({ at }) => at.length === innermost)?.quotas ?? false;
}

function mountsHere(): string {
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8');
  } catch {
    return '';
  }
}

function realPath(directory: string): string {
  try {
    return realpathSync(directory);
  } catch {
    return directory;
  }
}
