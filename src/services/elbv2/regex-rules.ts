import type { AwsError } from '../../base/errors.ts';
import { elbErrors } from './errors.ts';

/** What may follow a backslash: a character as itself, a class, an anchor, a control character, two hexadecimal digits. */
const escapes = /^\\(?:[^A-Za-z0-9]|[dDwWsSbBnrtfv]|x[0-9A-Fa-f]{2})/;
const posixClasses =
  /\[:\^?(?:alnum|alpha|ascii|blank|cntrl|digit|graph|lower|print|punct|space|upper|word|xdigit):\]/g;
/** Groups that only group, and those with a name. */
const groups = /^\(\?(?::|P?<[A-Za-z_]\w{0,31}>)/;
/** The longest that copies of repeated groups may make an expression, in characters: beyond it is not compiled. */
const mostCopied = 6400;
const mostRepetitions = 1000;

/**
 * Checks a regular expression of a rule: "The regular expressions used in rule conditions do not support: lookaheads, lookbehinds,
 * backreferences, atomic groups, possessive quantifiers, subroutines, recursion, and Unicode character classes" ("Condition types
 * for listener rules", ELB User Guide). What passes compiles on the machine, too: an expression that is not plainly of the common kind is refused here.
 */
export function checkRegex(regex: string, longest: number): string {
  if (regex === '') throw elbErrors.validation('A regular expression cannot be empty');
  if (regex.length > longest) {
    throw elbErrors.validation(`The regular expression '${regex}' cannot be longer than '${longest}' characters`);
  }
  const wrong = (why: string): AwsError =>
    elbErrors.validation(`The regular expression '${regex}' is not valid: ${why}`);
  if (!/^[\x20-\x7e]+$/.test(regex)) throw wrong('it may have visible ASCII characters only');
  const body = regex.startsWith('(?i)') ? regex.slice(4) : regex;
  const skeleton = skeletonOf(body, wrong);
  if (/[*+?}]\+/.test(skeleton)) throw wrong('possessive quantifiers are not supported');
  checkSize(skeleton, wrong);
  try {
    // It is of the kind by now that both engines read alike, but for the names of classes and groups.
    RegExp(body.replaceAll(posixClasses, 'a-z').replaceAll('(?P<', '(?<'));
  } catch (error) {
    const [, why = 'it cannot be read'] = /: ([^:]+)$/.exec((error as Error).message) ?? [];
    throw wrong(why);
  }
  return regex;
}

/** The expression with a letter for every escape and class: what is left are groups, quantifiers and anchors. */
function skeletonOf(body: string, wrong: (why: string) => AwsError): string {
  let skeleton = '';
  for (let at = 0; at < body.length;) {
    const rest = body.slice(at);
    if (rest.startsWith('\\')) {
      const [escape] = escapes.exec(rest) ?? [];
      if (escape === undefined) throw wrong(`'${rest.slice(0, 2)}' is not supported`);
      skeleton += 'a';
      at += escape.length;
    } else if (rest.startsWith('[')) {
      at += classLength(rest, wrong);
      skeleton += 'a';
    } else if (rest.startsWith('(?')) {
      const [group] = groups.exec(rest) ?? [];
      if (group === undefined) throw wrong(`'${rest.slice(0, 3)}' is not supported`);
      skeleton += '(';
      at += group.length;
    } else if (rest.startsWith('(*')) {
      throw wrong("'(*' is not supported");
    } else {
      skeleton += rest.charAt(0);
      at += 1;
    }
  }
  return skeleton;
}

function classLength(rest: string, wrong: (why: string) => AwsError): number {
  const [text] = /^\[(?:\^|(?!\^))(?:\[:\^?[a-z]+:\]|\\.|[^\\\]])+\]/.exec(rest) ?? [];
  if (text === undefined) throw wrong('a character class is empty or has no end');
  const inside = text.slice(1, -1).replaceAll(posixClasses, '\\w');
  if (/\[[:.=]/.test(inside) || /^\[([:.=]).*\1\]$/.test(text))
    throw wrong('it has a character class of an unknown name');
  // Only class escapes and single characters, and no range of a class: engines differ on `[\w-.]`.
  for (const [escape] of inside.matchAll(/\\[^]/g)) {
    if (/\\[A-Za-z0-9]/.test(escape) && !/\\[dDwWsSbnrtfvx]/.test(escape)) throw wrong(`'${escape}' is not supported`);
  }
  if (/\\x(?![0-9A-Fa-f]{2})/.test(inside)) throw wrong("'\\x' must be followed by two hexadecimal digits");
  if (/\\[dDwWsS]-(?!$)|[^\\]-\\[dDwWsS]/.test(inside)) throw wrong('a range cannot begin or end with a class');
  return text.length;
}

/** Repeated groups are copied when they are compiled, and copies of copies multiply. */
function checkSize(skeleton: string, wrong: (why: string) => AwsError): void {
  let copies = 1;
  for (const [text, closes, least = '0', most = least] of skeleton.matchAll(/(\)?)\{(\d+)(?:,(\d*))?\}/g)) {
    const count = Math.max(Number(least), Number(most === '' ? least : most));
    if (count > mostRepetitions) throw wrong(`'${text.replace(')', '')}' repeats more than ${mostRepetitions} times`);
    if (closes !== '') copies *= Math.max(count, 1);
  }
  if (copies * skeleton.length > mostCopied && copies > 1) throw wrong('its groups repeat too often');
  let deep = 0;
  let deepest = 0;
  for (const character of skeleton) {
    if (character === '(') deepest = Math.max(deepest, (deep += 1));
    if (character === ')') deep -= 1;
  }
  if (deepest > 100) throw wrong('its groups are nested too deep');
}
