/**
 * Writes any text as one word of an HAProxy configuration line ("Quoting and escaping", HAProxy Configuration Manual):
 * plain where every character is harmless, in strong quotes otherwise, with `\xHH` outside the quotes for what may not stand on a
 * line. Every value that comes from a user goes through here. A NUL cannot be written and throws.
 */
export function quote(text: string): string {
  if (text.includes('\0')) throw new RangeError('a configuration word cannot hold a NUL');
  if (/^[\w./:@=,+-]+$/.test(text)) return text;
  if (text === '') return "''";
  // Runs of printable ASCII but the single quote, and single bytes of anything else.
  const parts = Buffer.from(text, 'utf8')
    .toString('latin1')
    .match(/[\x20-\x26\x28-\x7e]+|[^]/g);
  return (parts ?? []).map((part) => (/^[\x20-\x26\x28-\x7e]/.test(part) ? `'${part}'` : hexByte(part))).join('');
}

function hexByte(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

/**
 * Text as itself inside the log-format string of a header's value ("Custom log format"): only `%` has a meaning there. Throws on
 * control characters, which would end the header.
 */
export function literal(text: string): string {
  return headerText(text).replaceAll('%', '%%');
}

/** A header's value as it is; throws on control characters. */
export function headerText(text: string): string {
  if (/\p{Cc}/u.test(text)) throw new RangeError(`${JSON.stringify(text)} cannot stand in a header`);
  return text;
}

/** Text as an argument of a sample fetch, which `quote` then puts on the line. Throws where it is not an HTTP token. */
export function headerArgument(name: string): string {
  // RFC 9110, section 5.6.2: what a header's name may consist of. The double quote is none of it.
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) throw new RangeError(`${JSON.stringify(name)} is not a header name`);
  return `"${name}"`;
}

/** A pattern with ELB's wildcards (`*` any run, `?` any one character) as an anchored regular expression. */
export function wildcardRegex(pattern: string, any = '.'): string {
  return `^${wildcardBody(pattern, any)}$`;
}

/** As `wildcardRegex`, without the anchors. */
export function wildcardBody(pattern: string, any = '.'): string {
  return pattern.replaceAll(/[*?]|[\\^$.+()[\]{}|]/g, (c) => (c === '*' ? `${any}*` : c === '?' ? any : `\\${c}`));
}

/** Whether a pattern uses a wildcard. */
export function hasWildcard(pattern: string): boolean {
  return /[*?]/.test(pattern);
}

/** Any text as an argument of a converter, which `quote` then puts on the line ("Quoting and escaping", the second level). */
export function argument(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
