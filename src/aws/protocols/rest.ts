import { Readable } from 'node:stream';
import { readText } from '../codec/query.ts';
import { writeTimestamp } from '../codec/timestamp.ts';
import type { Operation } from '../schema/model.ts';
import type { Member, Shape, Structure } from '../schema/shape.ts';
import type { WireAnswer, WireRequest } from './protocol.ts';
import { matchRoute } from './rest-routes.ts';

/** What differs between the REST protocols: the form of the document in the body. */
export interface DocumentForm {
  readonly contentType: string;
  /** Reads the members that are bound to the body, from a document that is one structure. */
  read(shape: Structure, body: Buffer): Record<string, unknown>;
  /** Writes the members for which `has` answers true; `payload` is the member that alone is the body, if one is. */
  write(
    shape: Structure,
    payload: Member | undefined,
    value: Readonly<Record<string, unknown>>,
    has: (member: Member) => boolean,
  ): string;
}

/** Reads an input from where its members are bound: URI, query, headers, body (Smithy, "HTTP bindings"). */
export function readRest(form: DocumentForm, operation: Operation, request: WireRequest): Record<string, unknown> {
  const shape = operation.input;
  const { method, path, query, headers } = request;
  const labels = matchRoute(operation.service, method, path, query, headers)?.labels;
  const result: Record<string, unknown> = {};
  let inBody = false;
  const bound = new Set(shape.members.map((member) => member.traits.httpQuery).filter((name) => name !== undefined));
  for (const member of shape.members) {
    const { traits, name } = member;
    if (traits.httpLabel === 1) {
      const text = labels?.get(name);
      if (text !== undefined) result[name] = readText(member.shape, text, name);
    } else if (traits.httpQuery !== undefined) {
      const texts = request.query.getAll(traits.httpQuery);
      if (texts.length > 0) result[name] = readTexts(member.shape, texts, name);
    } else if (traits.httpQueryParams === 1) {
      result[name] = readQueryParams(member.shape, request.query, bound);
    } else if (traits.httpHeader !== undefined) {
      const text = request.headers[traits.httpHeader.toLowerCase()];
      if (typeof text === 'string') result[name] = readHeader(member.shape, text, name);
    } else if (traits.httpPrefixHeaders !== undefined) {
      result[name] = readPrefixed(traits.httpPrefixHeaders.toLowerCase(), request);
    } else if (traits.httpPayload === 1) {
      const isStream = request.stream !== undefined && traits.streaming === 1;
      const value = isStream ? request.stream : readPayload(form, member.shape, request.body);
      if (value !== undefined) result[name] = value;
    } else inBody = true;
  }
  return inBody && request.body.length > 0 ? { ...form.read(shape, request.body), ...result } : result;
}

function readPayload(form: DocumentForm, shape: Shape, body: Buffer): unknown {
  if (body.length === 0) return undefined;
  if (shape.kind === 'blob') return body;
  if (shape.kind === 'structure') return form.read(shape, body);
  if (shape.kind === 'string') return body.toString('utf8');
  return JSON.parse(body.toString('utf8'));
}

function readTexts(shape: Shape, texts: readonly string[], path: string): unknown {
  if (shape.kind === 'list') return texts.map((text) => readText(shape.value.shape, text, path));
  return readText(shape, texts[0] ?? '', path);
}

function readQueryParams(shape: Shape, query: URLSearchParams, bound: ReadonlySet<string>): Record<string, unknown> {
  const names = [...new Set(query.keys())].filter((name) => !bound.has(name));
  const isList = shape.kind === 'map' && shape.value.shape.kind === 'list';
  return Object.fromEntries(names.map((name) => [name, isList ? query.getAll(name) : query.get(name)]));
}

function readHeader(shape: Shape, text: string, path: string): unknown {
  if (shape.kind !== 'list') return readText(shape, text, path);
  // An HTTP date has a comma of its own.
  const isDates = shape.value.shape.kind === 'timestamp' && shape.value.shape.format !== 'date-time';
  const parts = isDates ? text.split(/(?<=GMT)\s*,\s*/) : splitHeader(text);
  return parts.map((part) => readText(shape.value.shape, part, path));
}

/** Splits `a, "b, c", d` (RFC 9110, section 5.6.1 and 5.6.4). */
function splitHeader(text: string): string[] {
  const parts = text.match(/"(?:[^"\\]|\\.)*"|[^,\s][^,]*/g) ?? [];
  return parts.map((part) => {
    const trimmed = part.trim();
    return trimmed.startsWith('"') ? trimmed.slice(1, -1).replaceAll(/\\(.)/g, '$1') : trimmed;
  });
}

function readPrefixed(prefix: string, request: WireRequest): Record<string, string> {
  const found: [string, string][] = [];
  for (const [name, value] of Object.entries(request.headers)) {
    if (name.startsWith(prefix) && typeof value === 'string') found.push([name.slice(prefix.length), value]);
  }
  return Object.fromEntries(found);
}

/** Writes an output to where its members are bound. */
export function writeRest(
  form: DocumentForm,
  operation: Operation,
  output: Readonly<Record<string, unknown>>,
): WireAnswer {
  const shape = operation.output;
  const headers: Record<string, string> = {};
  let status = operation.traits.http?.[2] ?? 200;
  for (const member of shape.members) {
    const value = output[member.name];
    const { httpHeader, httpPrefixHeaders, httpResponseCode } = member.traits;
    if (value === undefined || value === null) continue;
    if (httpResponseCode === 1) status = Number(value);
    else if (httpHeader !== undefined) headers[httpHeader.toLowerCase()] = headerText(member.shape, value);
    else if (httpPrefixHeaders !== undefined) {
      for (const [name, text] of Object.entries(value as Record<string, string>)) {
        headers[`${httpPrefixHeaders.toLowerCase()}${name}`] = text;
      }
    }
  }
  // A part is answered with a status of its own (RFC 9110, section 15.3.7), of which models know nothing.
  if (status === 200 && headers['content-range'] !== undefined) status = 206;
  const payload = shape.members.find((member) => member.traits.httpPayload === 1);
  const value = payload === undefined ? undefined : output[payload.name];
  if (payload !== undefined && payload.shape.kind !== 'structure') {
    const saysType = shape.members.some((member) => member.traits.httpHeader?.toLowerCase() === 'content-type');
    if (!saysType) headers['content-type'] = payload.shape.kind === 'blob' ? 'application/octet-stream' : 'text/plain';
    if (value instanceof Readable) return { status, headers, body: value };
    const isText = typeof value === 'string' || value instanceof Uint8Array;
    const body = isText ? value : value === undefined ? '' : JSON.stringify(value);
    return { status, headers, body };
  }
  const hasBody = payload === undefined ? shape.members.some(isBody) : value !== undefined;
  if (!hasBody) return { status, headers, body: '' };
  headers['content-type'] ??= form.contentType;
  return { status, headers, body: form.write(shape, payload, output, isBody) };
}

function isBody({ traits }: Member): boolean {
  return (
    traits.httpHeader === undefined && traits.httpPrefixHeaders === undefined && traits.httpResponseCode === undefined
  );
}

function headerText(shape: Shape, value: unknown): string {
  if (shape.kind === 'list') {
    const texts = (value as readonly unknown[]).map((item) => headerText(shape.value.shape, item));
    if (shape.value.shape.kind !== 'string') return texts.join(', ');
    return texts.map((text) => (/[",]/.test(text) ? `"${text.replaceAll(/["\\]/g, '\\$&')}"` : text)).join(', ');
  }
  if (shape.kind === 'timestamp') return String(writeTimestamp(value as Date, shape.format ?? 'http-date'));
  if (shape.kind === 'blob') return Buffer.from(value as Uint8Array).toString('base64');
  return typeof value === 'string' ? value : JSON.stringify(value);
}
