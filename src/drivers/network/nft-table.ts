import { digest } from './names.ts';

/** A set (all values empty) or a map of an nftables table. */
export interface NftSet {
  readonly kind: 'set' | 'map';
  /** `ipv4_addr`, `ipv4_addr : verdict` … */
  readonly type: string;
  readonly elements: ReadonlyMap<string, string>;
}

/** A chain. With a hook it is a base chain, whose hook never changes during the table's life. */
export interface NftChain {
  /** `type filter hook forward priority 0; policy drop;` */
  readonly hook?: string;
  readonly rules: readonly string[];
}

/** A whole table as it should be. */
export interface NftTable {
  readonly family: 'ip' | 'inet';
  readonly name: string;
  readonly sets: ReadonlyMap<string, NftSet>;
  readonly chains: ReadonlyMap<string, NftChain>;
}

/**
 * The name of an empty chain that says which table this is. It is part of every transaction: one that changes a table
 * deletes the former mark and so fails as a whole when the table is not what the change started from.
 */
export function markOf(table: NftTable): string {
  const text: string[] = [];
  for (const [name, set] of table.sets)
    text.push(`${name} ${set.kind} ${set.type}`, entries(set.elements).sort().join());
  for (const [name, chain] of table.chains) text.push(`${name} ${chain.hook ?? ''}`, ...chain.rules);
  return `is-${digest(text.join('\n'), 16).slice(0, 20)}`;
}

/** The script that makes a table as it should be, whatever it was before: one transaction. */
export function replaceTable(table: NftTable, mark: string): string {
  const head = `table ${table.family} ${table.name}`;
  const lines = [head, `delete ${head}`, `${head} {`];
  for (const [name, set] of table.sets) {
    lines.push(`  ${set.kind} ${name} {`, `    type ${set.type}`);
    if (set.elements.size > 0) lines.push(`    elements = { ${entries(set.elements).join(', ')} }`);
    lines.push('  }');
  }
  lines.push(`  chain ${mark} {`, '  }');
  for (const [name, chain] of table.chains) {
    lines.push(`  chain ${name} {`);
    if (chain.hook !== undefined) lines.push(`    ${chain.hook}`);
    lines.push(...chain.rules.map((rule) => `    ${rule}`), '  }');
  }
  lines.push('}', '');
  return lines.join('\n');
}

/**
 * The script that turns one table into another: one transaction that touches elements and the chains that differ, nothing
 * else. Empty when nothing differs.
 */
export function changeTable(before: NftTable, after: NftTable, marks: { before: string; after: string }): string {
  const where = `${after.family} ${after.name}`;
  const made: string[] = [];
  const filled: string[] = [];
  const emptied: string[] = [];
  const removed: string[] = [];
  for (const [name, chain] of after.chains) {
    const old = before.chains.get(name);
    if (old === undefined)
      made.push(`add chain ${where} ${name}${chain.hook === undefined ? '' : ` { ${chain.hook} }`}`);
    else if (same(old.rules, chain.rules)) continue;
    else filled.push(`flush chain ${where} ${name}`);
    filled.push(...chain.rules.map((rule) => `add rule ${where} ${name} ${rule}`));
  }
  for (const name of before.chains.keys()) {
    if (after.chains.has(name)) continue;
    emptied.push(`flush chain ${where} ${name}`);
    removed.push(`delete chain ${where} ${name}`);
  }
  for (const [name, set] of after.sets) {
    const old = before.sets.get(name);
    if (old === undefined) made.push(`add ${set.kind} ${where} ${name} { type ${set.type}; }`);
    const gone = entries(minus(old?.elements ?? new Map(), set.elements));
    const come = entries(minus(set.elements, old?.elements ?? new Map()));
    if (gone.length > 0) filled.push(`delete element ${where} ${name} { ${gone.join(', ')} }`);
    if (come.length > 0) filled.push(`add element ${where} ${name} { ${come.join(', ')} }`);
  }
  for (const [name, set] of before.sets) {
    if (!after.sets.has(name)) removed.push(`delete ${set.kind} ${where} ${name}`);
  }
  const changes = [...made, ...filled, ...emptied, ...removed];
  if (changes.length === 0) return '';
  return `${[`delete chain ${where} ${marks.before}`, `add chain ${where} ${marks.after}`, ...changes].join('\n')}\n`;
}

function entries(elements: ReadonlyMap<string, string>): string[] {
  return Array.from(elements, ([key, value]) => (value === '' ? key : `${key} : ${value}`));
}

/** The elements of `a` that `b` does not have with the same value. */
function minus(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...a].filter(([key, value]) => b.get(key) !== value));
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((rule, index) => rule === b[index]);
}
