import type { Member, Shape, Structure, TimestampFormat } from '../schema/shape.ts';
import { Malformed } from './problem.ts';
import { readTimestamp, writeTimestamp } from './timestamp.ts';

/** What tells the trees of the protocols apart: JSON has no bytes and no times, CBOR has both; REST names members. */
export interface TreeForm {
  /** A time as the tree holds it; `format` is the one its model names, if any. */
  writeTime(date: Date, format: TimestampFormat | undefined): unknown;
  /** `undefined` for what is no time. */
  readTime(value: unknown): Date | undefined;
  /** Whether bytes, and the numbers that JSON lacks, are text. */
  readonly textual: boolean;
  /** Whether `jsonName` traits rename members. */
  readonly jsonName: boolean;
}

/** How JSON writes values: times are seconds since the epoch unless modelled otherwise. */
export function jsonForm(jsonName: boolean): TreeForm {
  return {
    writeTime: (date, format) => writeTimestamp(date, format ?? 'epoch-seconds'),
    readTime: readTimestamp,
    textual: true,
    jsonName,
  };
}

type Tree = Readonly<Record<string, unknown>>;

/** Reads an operation's input out of a parsed JSON or CBOR document. Unknown members and nulls are dropped, as AWS does. */
export function readStructure(form: TreeForm, shape: Structure, tree: unknown, path = ''): Record<string, unknown> {
  if (typeof tree !== 'object' || tree === null || Array.isArray(tree)) throw wrong(path, tree, 'a structure');
  const from = tree as Tree;
  const result: Record<string, unknown> = {};
  for (const key in from) {
    const member = form.jsonName ? memberByJsonName(shape, key) : shape.byName.get(key);
    const value = from[key];
    if (member === undefined || value === null || value === undefined) continue;
    result[member.name] = readValue(form, member.shape, value, path === '' ? member.name : `${path}.${member.name}`);
  }
  if (shape.union && Object.keys(result).length > 1) throw new Malformed(`${path}: only one member may be set`);
  return result;
}

function readValue(form: TreeForm, shape: Shape, value: unknown, path: string): unknown {
  switch (shape.kind) {
    case 'string':
      if (typeof value !== 'string') throw wrong(path, value, 'a string');
      return value;
    case 'number':
      return readNumber(value, path);
    case 'boolean':
      if (typeof value !== 'boolean') throw wrong(path, value, 'a boolean');
      return value;
    case 'structure':
      return readStructure(form, shape, value, path);
    case 'list': {
      if (!Array.isArray(value)) throw wrong(path, value, 'a list');
      const items: unknown[] = [];
      for (const [index, item] of value.entries()) {
        if (item !== null && item !== undefined) {
          items.push(readValue(form, shape.value.shape, item, `${path}[${index}]`));
        }
      }
      return items;
    }
    case 'map': {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(path, value, 'a map');
      const entries: [string, unknown][] = [];
      for (const [key, item] of Object.entries(value)) {
        if (item !== null) entries.push([key, readValue(form, shape.value.shape, item, `${path}.${key}`)]);
      }
      return Object.fromEntries(entries);
    }
    case 'timestamp': {
      const date = form.readTime(value);
      if (date === undefined) throw wrong(path, value, 'a timestamp');
      return date;
    }
    case 'blob': {
      if (value instanceof Uint8Array) return value;
      const bytes = typeof value === 'string' && form.textual ? readBase64(value) : undefined;
      if (bytes === undefined) throw wrong(path, value, 'a blob in base64');
      return bytes;
    }
    case 'document':
      return value;
  }
}

function readNumber(value: unknown, path: string): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  // Smithy, "AWS JSON protocols": these three are strings in JSON.
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value);
  throw wrong(path, value, 'a number');
}

/** The bytes of base64 text; `undefined` when it is none. */
export function readBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  return Buffer.from(text, 'base64');
}

/** Makes an operation's output, or an error's members, into a tree for JSON or CBOR. What the model does not know stays out. */
export function writeStructure(form: TreeForm, shape: Structure, value: Tree): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const member of shape.members) {
    const item = value[member.name];
    if (item === undefined || item === null) continue;
    result[form.jsonName ? (member.traits.jsonName ?? member.name) : member.name] = writeValue(form, member, item);
  }
  return result;
}

function writeValue(form: TreeForm, member: Member, value: unknown): unknown {
  const { shape } = member;
  switch (shape.kind) {
    case 'structure':
      return writeStructure(form, shape, value as Tree);
    case 'list': {
      const items: unknown[] = [];
      for (const item of value as readonly unknown[]) {
        if (item !== undefined && item !== null) items.push(writeValue(form, shape.value, item));
      }
      return items;
    }
    case 'map': {
      const entries: [string, unknown][] = [];
      for (const [key, item] of Object.entries(value as Tree)) {
        if (item !== undefined && item !== null) entries.push([key, writeValue(form, shape.value, item)]);
      }
      return Object.fromEntries(entries);
    }
    case 'timestamp':
      return form.writeTime(value as Date, shape.format);
    case 'blob':
      return form.textual ? Buffer.from(value as Uint8Array).toString('base64') : value;
    case 'number':
      return form.textual && !Number.isFinite(value) ? String(value) : value;
    case 'string':
    case 'boolean':
    case 'document':
      return value;
  }
}

const jsonNames = new WeakMap<Structure, ReadonlyMap<string, Member>>();

function memberByJsonName(shape: Structure, key: string): Member | undefined {
  let names = jsonNames.get(shape);
  if (names === undefined) {
    names = new Map(shape.members.map((member) => [member.traits.jsonName ?? member.name, member]));
    jsonNames.set(shape, names);
  }
  return names.get(key);
}

function wrong(path: string, value: unknown, wanted: string): Malformed {
  const kind = Array.isArray(value) ? 'list' : value === null ? 'null' : typeof value;
  const found = kind === 'object' ? 'structure' : kind;
  return new Malformed(`${path === '' ? 'The request body' : path} must be ${wanted}, and a ${found} was given`);
}
