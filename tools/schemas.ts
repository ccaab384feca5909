import { createRequire } from 'node:module';
import {
  keptTraits,
  type Dump,
  type DumpedShape,
  type Ref,
  type SimpleOrName,
  type Traits,
} from '../src/aws/schema/dump.ts';
import type { ServiceId, ServiceRow } from '../src/aws/service-table.ts';
import { unpublished, unpublishedMembers } from './unpublished.ts';

const require = createRequire(import.meta.url);

/** Smithy traits that the SDK packs into one number, by bit (`translateTraits` of `@smithy/core/schema`). */
const packed = { 1: 'httpLabel', 16: 'httpPayload', 32: 'httpResponseCode', 64: 'httpQueryParams' } as const;

/** Dumps the schemas of a service's SDK client: all of its operations, or only `served` where the row says so. */
export function dumpSchemas(row: ServiceRow & { id: ServiceId }, served: readonly string[]): Dump {
  const name = `@aws-sdk/client-${row.sdk}`;
  const sdk = require(name) as Record<string, unknown>;
  const { version } = require(`${name}/package.json`) as { version: string };
  const published = Object.values(sdk).filter((value): value is readonly unknown[] => Array.isArray(value));
  const exported = [...published, ...(unpublished[row.id] ?? [])];
  const operations = exported.filter((schema) => schema[0] === 9).sort((a, b) => (text(a[2]) < text(b[2]) ? -1 : 1));
  const shapes = new Map<string, DumpedShape>();

  const traitsOf = (traits: unknown): Traits => {
    if (typeof traits === 'number') {
      const flags = Object.entries(packed).filter(([bit]) => (traits & Number(bit)) !== 0);
      return Object.fromEntries(flags.map(([, trait]) => [trait, 1]));
    }
    const kept = Object.entries(traits as object).filter(([trait]) => Object.hasOwn(keptTraits, trait));
    return Object.fromEntries(kept) as Traits;
  };
  const targetOf = (schema: unknown): SimpleOrName => {
    const target: unknown = typeof schema === 'function' ? (schema as () => unknown)() : schema;
    if (typeof target === 'number' || typeof target === 'string') return target;
    return add(target as readonly unknown[]);
  };
  const refOf = (ref: unknown): Ref => {
    const pair = Array.isArray(ref) && ref.length === 2;
    const target = targetOf(pair ? ref[0] : ref);
    const traits = pair ? traitsOf(ref[1]) : {};
    return Object.keys(traits).length === 0 ? target : [target, traits];
  };
  const add = (schema: readonly unknown[]): string => {
    const [kind, , shapeName, traits, a, b, required] = schema;
    const key = text(shapeName);
    if (shapes.has(key)) return key;
    // Known before its members are, for shapes that hold themselves.
    shapes.set(key, [0, {}, 0]);
    const kept = traitsOf(traits);
    if (kind === 0) shapes.set(key, [0, kept, a as number]);
    else if (kind === 1) shapes.set(key, [1, kept, refOf(a)]);
    else if (kind === 2) shapes.set(key, [2, kept, refOf(a), refOf(b)]);
    else if (kind === 3 || kind === 4 || kind === -3) {
      const more = unpublishedMembers[row.id]?.[key] ?? {};
      const names = [...(a as string[]), ...Object.keys(more)];
      const members = [...(b as readonly unknown[]), ...Object.values(more)].map(refOf);
      shapes.set(key, [kind, kept, names, members, (required as number | undefined) ?? 0]);
    } else throw new Error(`${row.id}: ${key} is of a kind that is unknown here: ${String(kind)}`);
    return key;
  };

  const wanted = row.servedOnly === true ? operations.filter((schema) => served.includes(text(schema[2]))) : operations;
  const dumped = wanted.map((schema) => {
    const [, , operation, traits, input, output] = schema;
    const [from, to] = [refOf(input), refOf(output)];
    const names = typeof from === 'string' ? (shapes.get(from)?.[2] as readonly string[]) : [];
    return [text(operation), [from, to, withPath(traitsOf(traits), names)]] as const;
  });
  for (const schema of exported) if (schema[0] === -3 && !text(schema[1]).startsWith('smithy.ts')) add(schema);
  return {
    license:
      `The shapes of the service's API, taken from the AWS SDK for JavaScript (${name} ${version}), Copyright ` +
      'Amazon.com, Inc. or its affiliates, licensed under the Apache License, Version 2.0; reduced to what the wire needs.',
    service: row.id,
    namespace: text(operations[0]?.[1]),
    names: operations.map((schema) => text(schema[2])),
    operations: Object.fromEntries(dumped),
    shapes: Object.fromEntries([...shapes].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/**
 * S3's SDK has the bucket in the host and the operation's name in the query; most clients have neither, and our routes have
 * the bucket in the path, where requests with such a host get it too.
 */
function withPath(traits: Traits, members: readonly string[]): Traits {
  if (traits.http === undefined) return traits;
  const [method, uri, status] = traits.http;
  const hasBucket = members.includes('Bucket') && !uri.includes('{Bucket}');
  const path = (hasBucket ? `/{Bucket}${uri === '/' ? '' : uri.replace(/^\/(?=\?)/, '')}` : uri)
    .replace(/x-id=[^&]*&?/, '')
    .replace(/[?&]$/, '');
  return { ...traits, http: [method, path, status] };
}

/** The text of a generated file: one operation or shape a line, so that a change reads well in a diff. */
export function dumpText(dump: Dump): string {
  const lines = (entries: Readonly<Record<string, unknown>>): string =>
    Object.entries(entries)
      .map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`)
      .join(',\n');
  const { operations, shapes, ...head } = dump;
  const top = Object.entries(head).map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
  return `{${top.join(',\n')},\n"operations":{\n${lines(operations)}\n},\n"shapes":{\n${lines(shapes)}\n}}\n`;
}

function text(value: unknown): string {
  return String(value);
}
