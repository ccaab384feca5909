import type { Member, Shape, Structure } from '../schema/shape.ts';
import { Malformed } from './problem.ts';
import { readTimestamp } from './timestamp.ts';
import { readBase64 } from './tree.ts';

/** The parameters of a query as a tree: `A.member.1.B=x` is `A` → `member` → `1` → `B` → x. */
export interface QueryNode {
  value?: string;
  children?: Map<string, QueryNode>;
}

/** How the names of the two query protocols differ (Smithy, "AWS query protocol" and "AWS EC2 query protocol"). */
export interface QueryForm {
  readonly ec2: boolean;
  /** Whether a parameter that the model does not know is an error. */
  readonly refusesUnknown: boolean;
}

/** Splits the decoded parameters of a query. */
export function queryTree(parameters: Iterable<readonly [string, string]>): QueryNode {
  const root: QueryNode = {};
  for (const [name, value] of parameters) {
    let node = root;
    for (const part of name.split('.')) {
      node.children ??= new Map();
      let next = node.children.get(part);
      if (next === undefined) node.children.set(part, (next = {}));
      node = next;
    }
    node.value = value;
  }
  return root;
}

/** Reads an operation's input out of a query's tree. */
export function readQuery(form: QueryForm, shape: Structure, node: QueryNode, path = ''): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  if (node.children === undefined) {
    if (node.value) throw new Malformed(`${path} is a structure: name its members ${path}.Name …`);
    return result;
  }
  const names = queryNames(form, shape);
  for (const [key, child] of node.children) {
    const member = names.get(key);
    const at = path === '' ? key : `${path}.${key}`;
    if (member === undefined) {
      if (form.refusesUnknown) throw new UnknownParameter(at);
      continue;
    }
    result[member.name] = readMember(form, member, child, at);
  }
  return result;
}

/** A parameter that the operation does not have. */
export class UnknownParameter extends Error {
  override readonly name = 'UnknownParameter';

  constructor(parameter: string) {
    super(`The parameter ${parameter} is not recognized`);
  }
}

function readMember(form: QueryForm, member: Member, node: QueryNode, path: string): unknown {
  const { shape } = member;
  switch (shape.kind) {
    case 'structure':
      return readQuery(form, shape, node, path);
    case 'list': {
      const flat = form.ec2 || member.traits.xmlFlattened === 1;
      const wrapper = flat ? node : node.children?.get(shape.value.traits.xmlName ?? 'member');
      // Old clients leave the member's name out or use the other one; AWS takes both.
      const from = wrapper ?? node.children?.get('member') ?? node;
      return numbered(from, path).map(([index, child]) => readMember(form, shape.value, child, `${path}.${index}`));
    }
    case 'map': {
      const from = member.traits.xmlFlattened === 1 ? node : (node.children?.get('entry') ?? node);
      const keyName = shape.key.traits.xmlName ?? 'key';
      const valueName = shape.value.traits.xmlName ?? 'value';
      const entries = numbered(from, path).map(([index, child]): [string, unknown] => {
        const key = child.children?.get(keyName)?.value;
        if (key === undefined) throw new Malformed(`${path}.${index} has no ${keyName}`);
        const value = child.children?.get(valueName) ?? { value: '' };
        return [key, readMember(form, shape.value, value, `${path}.${index}.${valueName}`)];
      });
      return Object.fromEntries(entries);
    }
    default:
      if (node.value === undefined) throw new Malformed(`${path} must be a single value`);
      return readText(shape, node.value, path);
  }
}

/** Reads a simple value from its text, as queries, XML, headers and URIs write it. */
export function readText(shape: Shape, text: string, path: string): unknown {
  switch (shape.kind) {
    case 'number': {
      const special = text === 'NaN' || text === 'Infinity' || text === '-Infinity';
      if (!special && !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) throw bad(path, text, 'a number');
      return Number(text);
    }
    case 'boolean':
      if (/^true$/i.test(text)) return true;
      if (/^false$/i.test(text)) return false;
      throw bad(path, text, 'true or false');
    case 'timestamp': {
      const date = readTimestamp(text);
      if (date === undefined) throw bad(path, text, 'a timestamp');
      return date;
    }
    case 'blob': {
      const bytes = readBase64(text);
      if (bytes === undefined) throw bad(path, text, 'base64');
      return bytes;
    }
    default:
      return text;
  }
}

function bad(path: string, text: string, wanted: string): Malformed {
  return new Malformed(`Value (${text}) for parameter ${path} is invalid: it must be ${wanted}`);
}

/** The children named 1, 2, 3 … in that order. The numbers need not be dense. */
function numbered(node: QueryNode, path: string): [number, QueryNode][] {
  // An empty list is sent as `Names=`.
  if (node.children === undefined && node.value) throw new Malformed(`${path} is a list: name its items ${path}.1 …`);
  const items: [number, QueryNode][] = [];
  for (const [key, child] of node.children ?? []) {
    if (!/^\d+$/.test(key)) throw new Malformed(`${path}.${key} must be a number: ${path} is a list`);
    items.push([Number(key), child]);
  }
  return items.sort((a, b) => a[0] - b[0]);
}

const namesOf = {
  ec2: new WeakMap<Structure, Map<string, Member>>(),
  query: new WeakMap<Structure, Map<string, Member>>(),
};

function queryNames(form: QueryForm, shape: Structure): Map<string, Member> {
  const cache = form.ec2 ? namesOf.ec2 : namesOf.query;
  let names = cache.get(shape);
  if (names === undefined) {
    names = new Map(shape.members.map((member) => [queryName(form, member), member]));
    cache.set(shape, names);
  }
  return names;
}

/** A member's name in a query. */
export function queryName(form: QueryForm, member: Member): string {
  const name = member.traits.xmlName ?? member.name;
  if (!form.ec2) return name;
  return member.traits.ec2QueryName ?? name.charAt(0).toUpperCase() + name.slice(1);
}
