import type { Image } from './image.ts';
import { matchesWildcard } from './repository.ts';

/** A rule of a lifecycle policy ("Lifecycle policy properties", ECR User Guide). */
export interface LifecycleRule {
  /** Lower ones come first; unique in a policy. */
  readonly rulePriority: number;
  readonly tagStatus: 'tagged' | 'untagged' | 'any';
  /** `tagPrefixList` and `tagPatternList` as one: an image must have a tag for each of them. */
  readonly tagPatterns: readonly string[];
  readonly countType: 'imageCountMoreThan' | 'sinceImagePushed';
  /** Images, or days. */
  readonly countNumber: number;
}

const dayMs = 86_400_000;

/** Images this young are left alone, in milliseconds: the push of an index brings what it lists before itself, untagged. */
const pushLifeMs = 15 * 60_000;

/** The rules of a policy in their order, or what is wrong with it. */
export function parseLifecyclePolicy(document: unknown): readonly LifecycleRule[] | string {
  const given = isObject(document) ? document['rules'] : undefined;
  if (!Array.isArray(given) || given.length === 0) return 'the policy must have rules';
  if (given.length > 50) return 'a policy can have at most 50 rules';
  const rules: LifecycleRule[] = [];
  for (const each of given as unknown[]) {
    const rule = parseRule(each);
    if (typeof rule === 'string') return rule;
    rules.push(rule);
  }
  rules.sort((a, b) => a.rulePriority - b.rulePriority);
  if (new Set(rules.map((rule) => rule.rulePriority)).size < rules.length) return 'rulePriority must be unique';
  if (rules.slice(0, -1).some((rule) => rule.tagStatus === 'any')) {
    return "a rule with the tagStatus 'any' must have the highest rulePriority";
  }
  return rules;
}

function parseRule(given: unknown): LifecycleRule | string {
  const rule = isObject(given) ? given : {};
  const { rulePriority, selection, action } = rule;
  if (!isCount(rulePriority)) return 'rulePriority must be an integer above 0';
  const where = `rule ${rulePriority}`;
  if (!isObject(action) || action['type'] !== 'expire') return `${where}: the action type must be 'expire'`;
  if (!isObject(selection)) return `${where} has no selection`;
  const { tagStatus, countType, countUnit, countNumber, tagPrefixList = [], tagPatternList = [], ...rest } = selection;
  const unknown = Object.keys(rest)[0];
  if (unknown !== undefined) return `${where}: ${unknown} is not supported`;
  if (tagStatus !== 'tagged' && tagStatus !== 'untagged' && tagStatus !== 'any') {
    return `${where}: tagStatus must be 'tagged', 'untagged' or 'any'`;
  }
  if (!isTexts(tagPrefixList) || !isTexts(tagPatternList)) return `${where}: lists of tags must be lists of strings`;
  const tagPatterns = [...tagPrefixList.map((prefix) => `${prefix}*`), ...tagPatternList];
  if (tagPrefixList.length > 0 && tagPatternList.length > 0) {
    return `${where}: tagPrefixList and tagPatternList cannot both be given`;
  }
  if ((tagStatus === 'tagged') !== tagPatterns.length > 0) {
    return `${where}: tagPrefixList or tagPatternList goes with the tagStatus 'tagged', and with no other`;
  }
  if (tagPatternList.some((pattern) => pattern.split('*').length > 5)) {
    return `${where}: a pattern can have at most 4 wildcards`;
  }
  if (countType !== 'imageCountMoreThan' && countType !== 'sinceImagePushed') {
    return `${where}: countType must be 'imageCountMoreThan' or 'sinceImagePushed'`;
  }
  if ((countType === 'sinceImagePushed' ? 'days' : undefined) !== countUnit) {
    return `${where}: countUnit must be 'days' with sinceImagePushed, and absent otherwise`;
  }
  if (!isCount(countNumber)) return `${where}: countNumber must be an integer above 0`;
  return { rulePriority, tagStatus, tagPatterns, countType, countNumber };
}

/**
 * The images that the rules expire, oldest first ("How lifecycle policies work", ECR User Guide): an image that a rule
 * selects by its tags is for no later rule to expire, and one that an index lists goes no sooner than the index.
 */
export function expiredImages(rules: readonly LifecycleRule[], images: readonly Image[], now: number): Image[] {
  const newestFirst = images.toSorted((a, b) => b.pushedAt - a.pushedAt || (a.digest < b.digest ? -1 : 1));
  const judged = new Set<Image>();
  const expired = new Set<Image>();
  for (const rule of rules) {
    const selected = newestFirst.filter((image) => selects(rule, image));
    for (const [index, image] of selected.entries()) {
      const over =
        rule.countType === 'imageCountMoreThan'
          ? index >= rule.countNumber
          : now - image.pushedAt > rule.countNumber * dayMs;
      if (over && !judged.has(image)) expired.add(image);
    }
    for (const image of selected) judged.add(image);
  }
  const kept = images.filter((image) => !expired.has(image));
  const listed = new Set(kept.flatMap((index) => index.manifests));
  return newestFirst
    .filter((image) => expired.has(image) && !listed.has(image.digest) && now - image.pushedAt > pushLifeMs)
    .toReversed();
}

function selects({ tagStatus, tagPatterns }: LifecycleRule, { tags }: Image): boolean {
  if (tagStatus === 'any') return true;
  if (tagStatus === 'untagged') return tags.length === 0;
  return tagPatterns.every((pattern) => tags.some((tag) => matchesWildcard(pattern, tag)));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string' && each !== '');
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) > 0;
}
