import { expect, it } from 'vitest';
import { hasProjectQuotas } from './project-quotas.ts';

const root = '21 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard';
const data = '40 21 7:0 / /data rw,relatime shared:1 - xfs /dev/sdb rw,attr2,inode64,prjquota';

it.each<[string, string, string[], boolean]>([
  ['ext4', '/nowhere/docker', [root], false],
  ['XFS with project quotas', '/data/docker', [root, data], true],
  ['the mount point itself', '/data', [root, data], true],
  ['a neighbour of its name', '/database', [root, data], false],
  ['XFS without', '/data/docker', [root, data.replace('prjquota', 'noquota')], false],
  ['another file system over it', '/data/docker', [root, data, data.replace('xfs', 'ext4')], false],
  ['a name with a space', '/my data/docker', [root, data.replace('/data', String.raw`/my\040data`)], true],
  ['nothing known', '/data', [], false],
])('layers can be bounded, or not, on %s', (_, directory, mounts, bounded) => {
  expect(hasProjectQuotas(directory, mounts.join('\n'))).toBe(bounded);
});
