import type { Member, Structure } from '../schema/shape.ts';
import { writeTimestamp } from './timestamp.ts';

type Values = Readonly<Record<string, unknown>>;

/** The elements of a structure's members that `has` (all, unless given) keeps, without an element around them. */
export function writeMembers(shape: Structure, value: Values, has: (member: Member) => boolean = () => true): string {
  let xml = '';
  for (const member of shape.members) {
    const item = value[member.name];
    if (item === undefined || item === null || member.traits.xmlAttribute === 1 || !has(member)) continue;
    xml += writeElement(member, member.traits.xmlName ?? member.name, item);
  }
  return xml;
}

/** A structure's attributes, each with a space before it: its namespace and the members that are attributes. */
export function writeAttributes(shape: Structure, member: Member | undefined, value: Values): string {
  let text = '';
  const [prefix, uri] = member?.traits.xmlNamespace ?? shape.traits.xmlNamespace ?? [];
  if (uri !== undefined) text += ` xmlns${prefix ? `:${prefix}` : ''}="${escapeText(uri)}"`;
  for (const inner of shape.members) {
    const item = value[inner.name];
    if (inner.traits.xmlAttribute !== 1 || item === undefined || item === null) continue;
    text += ` ${inner.traits.xmlName ?? inner.name}="${escapeText(writeText(inner, item))}"`;
  }
  return text;
}

/** One member as elements named `name`: several where its list is flattened. */
function writeElement(member: Member, name: string, value: unknown): string {
  const { shape } = member;
  switch (shape.kind) {
    case 'structure': {
      const values = value as Values;
      return element(name, writeMembers(shape, values), writeAttributes(shape, member, values));
    }
    case 'list': {
      const flat = member.traits.xmlFlattened === 1;
      const itemName = flat ? name : (shape.value.traits.xmlName ?? 'member');
      let items = '';
      for (const item of value as readonly unknown[]) {
        if (item !== undefined && item !== null) items += writeElement(shape.value, itemName, item);
      }
      return flat ? items : element(name, items);
    }
    case 'map': {
      const flat = member.traits.xmlFlattened === 1;
      const keyName = shape.key.traits.xmlName ?? 'key';
      const valueName = shape.value.traits.xmlName ?? 'value';
      let entries = '';
      for (const [key, item] of Object.entries(value as Values)) {
        if (item === undefined || item === null) continue;
        const pair = element(keyName, escapeText(key)) + writeElement(shape.value, valueName, item);
        entries += element(flat ? name : 'entry', pair);
      }
      return flat ? entries : element(name, entries);
    }
    default:
      return element(name, escapeText(writeText(member, value)));
  }
}

/** A simple value's text. ISO 8601 is XML's default for times ("AWS query protocol", Smithy). */
function writeText(member: Member, value: unknown): string {
  const { shape } = member;
  if (shape.kind === 'timestamp') return String(writeTimestamp(value as Date, shape.format ?? 'date-time'));
  if (shape.kind === 'blob') return Buffer.from(value as Uint8Array).toString('base64');
  return String(value);
}

/** `<name attributes>content</name>`. */
export function element(name: string, content: string, attributes = ''): string {
  return content === '' ? `<${name}${attributes}/>` : `<${name}${attributes}>${content}</${name}>`;
}

/** Text as XML 1.0 holds it; characters that XML cannot hold at all become U+FFFD. */
export function escapeText(text: string): string {
  if (!/[&<>"'\r\n\t\u0000-\u001f\u0085\u2028\ufffe\uffff]/.test(text)) return text;
  return text.replace(/[&<>"'\r\u0000-\u0008\u000b\u000c\u000e-\u001f\u0085\u2028\ufffe\uffff]/g, (found) => {
    switch (found) {
      case '&':
        return '&amp;';
      case '<':
        return '&lt;';
      case '>':
        return '&gt;';
      case '"':
        return '&quot;';
      case "'":
        return '&apos;';
      default: {
        const code = found.charCodeAt(0);
        const holds = code === 0x0d || code === 0x85 || code === 0x2028;
        return holds ? `&#x${code.toString(16).toUpperCase()};` : '\ufffd';
      }
    }
  });
}
