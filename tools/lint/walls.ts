/**
 * The rooms of `src/` and what each may import: the table of docs/architecture.md, as the linter reads it.
 * A room not listed here may not exist; an import not allowed here is an error.
 */
export const rooms = {
  base: [],
  model: ['base'],
  wire: ['base', 'model'],
  store: ['base', 'model'],
  aws: ['base'],
  services: ['base', 'model', 'store', 'aws'],
  control: ['base', 'model', 'store'],
  fleet: ['base', 'model', 'store', 'wire'],
  gateway: ['base', 'model', 'store', 'wire'],
  agent: ['base', 'wire', 'drivers'],
  drivers: ['base', 'wire'],
  cli: ['*'],
  main: ['*'],
} as const satisfies Record<string, readonly string[]>;

/**
 * Rooms whose subfolders are strangers to each other (they meet in the store, or in the interfaces beside them). Files at
 * the room's root may assemble them.
 */
export const strangers: readonly string[] = ['services', 'control', 'drivers'];

/** Where a file of `src/` stands: its room, and its subfolder when it has one. `undefined` outside `src/`. */
export function place(path: string): { room: string; sub: string | undefined } | undefined {
  const at = path.lastIndexOf('/src/');
  if (at < 0) return undefined;
  const parts = path.slice(at + 5).split('/');
  const room = parts[0];
  if (room === undefined || parts.length < 2) return undefined;
  return { room, sub: parts.length > 2 ? parts[1] : undefined };
}

/**
 * Judges one import. Both arguments are absolute paths; answers the reason why the import breaks a wall, or
 * `undefined` when it may stand. Test files (`*.test.ts`) may import anything.
 */
export function judge(from: string, to: string): string | undefined {
  if (from.endsWith('.test.ts')) return undefined;
  const here = place(from);
  if (here === undefined) return undefined;
  const there = place(to);
  if (there === undefined) return `src/ may not import ${to}: it lies outside src/`;
  const allowed: readonly string[] | undefined = (rooms as Record<string, readonly string[]>)[here.room];
  if (allowed === undefined)
    return `src/${here.room} is not a room: add it to tools/lint/walls.ts and docs/architecture.md`;
  if (here.room !== there.room) {
    if (allowed.includes('*') || allowed.includes(there.room)) return undefined;
    const may = allowed.length === 0 ? 'nothing of ours' : allowed.join(', ');
    return `src/${here.room} may not import src/${there.room} (it may import ${may})`;
  }
  const assembles = here.sub === undefined;
  if (strangers.includes(here.room) && !assembles && there.sub !== undefined && here.sub !== there.sub) {
    return `src/${here.room}/${here.sub ?? ''} may not import src/${there.room}/${there.sub}: they meet elsewhere`;
  }
  return undefined;
}
