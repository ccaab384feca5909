import type { InstanceMetadataSpec } from '../../wire/instance-metadata.ts';

/** The versions that are offered beside `latest`; all say the same, as those of EC2 say what has been there since. */
export const versions = [
  '1.0',
  '2007-01-19',
  '2007-03-01',
  '2007-08-29',
  '2007-10-10',
  '2007-12-15',
  '2008-02-01',
  '2008-09-01',
  '2009-04-04',
  '2011-01-01',
  '2011-05-01',
  '2012-01-12',
  '2014-02-25',
  '2014-11-05',
  '2015-10-20',
  '2016-04-19',
  '2016-06-30',
  '2016-09-02',
  '2018-03-28',
  '2018-08-17',
  '2018-09-24',
  '2019-10-01',
  '2020-10-27',
  '2021-01-03',
  '2021-03-23',
  '2021-07-15',
  '2022-09-24',
  '2024-04-11',
  'latest',
] as const;

/** What is at a path, if anything: a text, user data as they were given, or the list of a folder's entries. */
export function read({ texts, userData }: InstanceMetadataSpec, path: string): string | Buffer | undefined {
  const [, version = '', below = ''] = /^\/?([^/]*)\/?(.*)$/.exec(path.replaceAll(/\/{2,}/g, '/')) ?? [];
  if (version === '') return versions.join('\n');
  if (!versions.some((each) => each === version)) return undefined;
  const user = userData === undefined ? [] : ['user-data'];
  if (below === '') return [...new Set([...Object.keys(texts).map(topOf), ...user])].toSorted().join('\n');
  if (below === 'user-data') return userData === undefined ? undefined : Buffer.from(userData, 'base64');
  if (Object.hasOwn(texts, below) && !below.endsWith('/')) return texts[below];
  const folder = `${below.replace(/\/$/, '')}/`;
  return texts[folder] ?? listOf(texts, folder);
}

function topOf(path: string): string {
  return path.slice(0, path.indexOf('/'));
}

/** The entries of a folder, those that are folders themselves with a slash. */
function listOf(texts: InstanceMetadataSpec['texts'], folder: string): string | undefined {
  const entries = new Set<string>();
  for (const path of Object.keys(texts)) {
    if (path.startsWith(folder) && path !== folder) entries.add(/^[^/]*\/?/.exec(path.slice(folder.length))?.[0] ?? '');
  }
  return entries.size === 0 ? undefined : [...entries].toSorted().join('\n');
}
