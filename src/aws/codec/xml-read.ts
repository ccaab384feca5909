import { parseXML } from '@aws-sdk/xml-builder';
import type { Member, Structure } from '../schema/shape.ts';
import { Malformed } from './problem.ts';
import { readText } from './query.ts';

/** Parses a document into the value of its root element: text, or a map of its children. */
export function parseDocument(xml: string): unknown {
  try {
    return Object.values(parseXML(xml) as Record<string, unknown>)[0];
  } catch {
    throw new Malformed('The XML you provided was not well-formed or did not validate against our published schema');
  }
}

/** Reads a structure from its element; elements that the model does not know are dropped. */
export function readElement(shape: Structure, value: unknown, path = ''): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  if (typeof value !== 'object' || value === null) return result;
  const children = value as Readonly<Record<string, unknown>>;
  for (const member of shape.members) {
    const child = children[member.traits.xmlName ?? member.name];
    if (child === undefined || child === null) continue;
    result[member.name] = readMember(member, child, path === '' ? member.name : `${path}.${member.name}`);
  }
  return result;
}

function readMember(member: Member, value: unknown, path: string): unknown {
  const { shape } = member;
  switch (shape.kind) {
    case 'structure':
      return readElement(shape, value, path);
    case 'list': {
      const flat = member.traits.xmlFlattened === 1;
      const from = flat ? value : childOf(value, shape.value.traits.xmlName ?? 'member');
      return several(from).map((item) => readMember(shape.value, item, path));
    }
    case 'map': {
      const flat = member.traits.xmlFlattened === 1;
      const entries = several(flat ? value : childOf(value, 'entry')).map((entry): [string, unknown] => {
        const key = childOf(entry, shape.key.traits.xmlName ?? 'key');
        const item = childOf(entry, shape.value.traits.xmlName ?? 'value');
        return [textOf(key, path), readMember(shape.value, item ?? '', path)];
      });
      return Object.fromEntries(entries);
    }
    default:
      return readText(shape, textOf(value, path), path);
  }
}

function several(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

function childOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

/** An element with attributes is a map whose `#text` is its text. */
function textOf(value: unknown, path: string): string {
  const text = typeof value === 'object' ? (childOf(value, '#text') ?? '') : value;
  if (typeof text !== 'string') throw new Malformed(`${path} must be text`);
  return text;
}
