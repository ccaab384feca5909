import { expect, it } from 'vitest';
import type { Image } from './image.ts';
import { expiredImages, parseLifecyclePolicy } from './lifecycle.ts';

const day = 86_400_000;
const now = 100 * day;

/** An image named by its digest, pushed so many days ago. */
function image(digest: string, daysAgo: number, tags: string[] = [], manifests: string[] = []): Image {
  return {
    account: '000000000000',
    region: 'us-east-1',
    repositoryArn: 'r',
    digest,
    tags,
    mediaType: 'm',
    manifestBytes: 1,
    sizeBytes: 1,
    blobs: [],
    manifests,
    pushedAt: now - daysAgo * day,
  };
}

const action = { type: 'expire' };
const rule = (rulePriority: number, selection: object) => ({ rulePriority, selection, action });
const count = (countNumber: number) => ({ countType: 'imageCountMoreThan', countNumber });
const days = (countNumber: number) => ({ countType: 'sinceImagePushed', countUnit: 'days', countNumber });
const tagged = (...tagPrefixList: string[]) => ({ tagStatus: 'tagged', tagPrefixList });
const untagged = { tagStatus: 'untagged' };
const any = { tagStatus: 'any' };

it.each<[what: string, rules: object[], images: Image[], expired: string[]]>([
  [
    'the newest are kept',
    [rule(1, { ...untagged, ...count(1) })],
    [image('a', 3), image('b', 2), image('c', 1), image('t', 9, ['x'])],
    ['a', 'b'],
  ],
  ['the old go', [rule(1, { ...any, ...days(14) })], [image('a', 15), image('b', 14), image('c', 1)], ['a']],
  [
    'every prefix needs a tag',
    [rule(1, { ...tagged('alpha', 'beta'), ...days(1) })],
    [image('a', 9, ['alpha1']), image('b', 9, ['alpha1', 'beta1']), image('c', 9, ['beta'])],
    ['b'],
  ],
  [
    'patterns',
    [rule(1, { tagStatus: 'tagged', tagPatternList: ['*-rc*', 'v*'], ...days(1) })],
    [image('a', 10, ['v1-rc2']), image('b', 9, ['v1.rc']), image('c', 9, ['x-rc', 'v2'])],
    ['a', 'c'],
  ],
  [
    'what an earlier rule keeps, no later one expires',
    [rule(1, { ...tagged('prod'), ...count(1) }), rule(2, { ...any, ...days(1) })],
    [image('a', 9, ['prod1']), image('b', 8, ['prod2']), image('c', 7, ['dev'])],
    ['a', 'c'],
  ],
  [
    'a later rule counts what an earlier one expired',
    [rule(1, { ...tagged('prod'), ...count(1) }), rule(2, { ...any, ...count(2) })],
    [image('a', 4, ['prod1']), image('b', 3, ['prod2']), image('c', 5), image('d', 1)],
    ['c', 'a'],
  ],
  [
    'what an index lists goes with it at the soonest',
    [rule(1, { ...untagged, ...days(1) })],
    [image('a', 9), image('b', 9), image('index', 9, ['x'], ['a'])],
    ['b'],
  ],
  ['what was just pushed stays', [rule(1, { ...untagged, ...count(1) })], [image('a', 0.001), image('b', 0)], []],
])('%s', (_what, rules, images, expired) => {
  const parsed = parseLifecyclePolicy({ rules });
  if (typeof parsed === 'string') throw new Error(parsed);
  expect(expiredImages(parsed, images, now).map(({ digest }) => digest)).toEqual(expired);
});

it.each<[document: unknown, why: RegExp]>([
  [{}, /must have rules/],
  [{ rules: [] }, /must have rules/],
  [{ rules: [{}] }, /rulePriority/],
  [{ rules: [{ ...rule(1, any), action: { type: 'transition' } }] }, /'expire'/],
  [{ rules: [rule(1, { ...any, ...count(0) })] }, /countNumber/],
  [{ rules: [rule(1, { ...any, countType: 'sinceImagePulled', countUnit: 'days', countNumber: 1 })] }, /countType/],
  [{ rules: [rule(1, { ...any, countType: 'sinceImagePushed', countNumber: 1 })] }, /countUnit/],
  [{ rules: [rule(1, { ...any, ...count(1), storageClass: 'archive' })] }, /storageClass is not supported/],
  [{ rules: [rule(1, { tagStatus: 'tagged', ...count(1) })] }, /goes with the tagStatus 'tagged'/],
  [{ rules: [rule(1, { ...untagged, tagPrefixList: ['a'], ...count(1) })] }, /goes with the tagStatus 'tagged'/],
  [{ rules: [rule(1, { ...untagged, ...count(1) }), rule(1, { ...untagged, ...count(1) })] }, /unique/],
  [{ rules: [rule(1, { ...any, ...count(1) }), rule(2, { ...untagged, ...count(1) })] }, /highest rulePriority/],
])('refuses %j', (document, why) => {
  expect(parseLifecyclePolicy(document)).toMatch(why);
});
