import type { IncomingHttpHeaders } from 'node:http';
import type { Operation, ServiceModel } from '../schema/model.ts';

interface Route {
  readonly operation: string;
  readonly method: string;
  readonly uri: string;
  readonly segments: readonly Segment[];
  /** Parameters that the URI template fixes: `/{Bucket}?acl`. */
  readonly query: readonly (readonly [name: string, value: string])[];
  /** Headers that tell it from another operation with the same URI: `x-amz-copy-source` tells CopyObject from PutObject. */
  readonly headers: readonly string[];
}

type Segment = { readonly literal: string } | { readonly label: string; readonly greedy: boolean };

/** A REST operation found for a request, and the labels of its URI, decoded. */
export interface RouteMatch {
  readonly operation: Operation;
  readonly labels: ReadonlyMap<string, string>;
}

const routesOf = new WeakMap<ServiceModel, readonly Route[]>();

/** Finds the operation that a REST request asks for: a literal beats a label, a label beats a greedy one. */
export function matchRoute(
  service: ServiceModel,
  method: string,
  path: string,
  query: URLSearchParams,
  headers: IncomingHttpHeaders = {},
): RouteMatch | undefined {
  let routes = routesOf.get(service);
  if (routes === undefined) routesOf.set(service, (routes = routesFor(service)));
  // The path is split before it is decoded: a label may hold an encoded slash.
  const parts = path.split('/').slice(1);
  for (const route of routes) {
    if (route.method !== method) continue;
    if (!route.query.every(([name, value]) => query.has(name) && (value === '' || query.get(name) === value))) continue;
    if (!route.headers.every((name) => headers[name] !== undefined)) continue;
    const labels = matchSegments(route.segments, parts);
    const operation = labels === undefined ? undefined : service.operation(route.operation);
    if (labels !== undefined && operation !== undefined) return { operation, labels };
  }
  return undefined;
}

function matchSegments(segments: readonly Segment[], parts: readonly string[]): Map<string, string> | undefined {
  const labels = new Map<string, string>();
  const after = (index: number): number => segments.length - index - 1;
  let at = 0;
  for (const [index, segment] of segments.entries()) {
    const part = parts[at];
    if ('literal' in segment) {
      if (segment.literal !== part) return undefined;
      at += 1;
    } else if (segment.greedy) {
      const end = parts.length - after(index);
      if (end <= at) return undefined;
      const decoded = decode(parts.slice(at, end).join('/'));
      if (decoded === undefined || decoded === '') return undefined;
      labels.set(segment.label, decoded);
      at = end;
    } else {
      const decoded = part === undefined ? undefined : decode(part);
      if (decoded === undefined || decoded === '') return undefined;
      labels.set(segment.label, decoded);
      at += 1;
    }
  }
  // A trailing slash says nothing: S3's path-style addresses end with one.
  const rest = parts.slice(at).join('');
  return rest === '' ? labels : undefined;
}

function routesFor(service: ServiceModel): Route[] {
  const routes: Route[] = [];
  for (const name of service.dumped) {
    const http = service.operation(name)?.traits.http;
    if (http === undefined) continue;
    const [path = '', search = ''] = http[1].split('?', 2);
    const segments = path
      .split('/')
      .slice(1)
      .filter((part, index, all) => part !== '' || index < all.length - 1)
      .map(segmentOf);
    const query = [...new URLSearchParams(search)];
    routes.push({ operation: name, method: http[0], uri: http[1], segments, query, headers: [] });
  }
  return routes
    .map((route) => {
      const isOnly = !routes.some((other) => other !== route && sameUri(other, route));
      return isOnly && service.row.id !== 's3' ? route : narrowed(service, route, isOnly);
    })
    .sort((a, b) => conditions(b) - conditions(a) || compare(a.segments, b.segments));
}

function sameUri(a: Route, b: Route): boolean {
  return a.method === b.method && a.uri === b.uri;
}

/** S3 has URIs with several operations (PutObject, UploadPart): what an input must have tells which is meant. */
function narrowed(service: ServiceModel, route: Route, isOnly: boolean): Route {
  const required = service.operation(route.operation)?.input.required ?? [];
  const query = required.flatMap(({ traits }) => traits.httpQuery ?? []).map((name) => [name, ''] as const);
  const headers = isOnly ? [] : required.flatMap(({ traits }) => traits.httpHeader?.toLowerCase() ?? []);
  return { ...route, query: [...route.query, ...query], headers };
}

function conditions({ query, headers }: Route): number {
  return query.length + headers.length;
}

function segmentOf(part: string): Segment {
  const label = /^\{(.+?)(\+?)\}$/.exec(part);
  return label === null ? { literal: part } : { label: label[1] ?? '', greedy: label[2] === '+' };
}

function compare(a: readonly Segment[], b: readonly Segment[]): number {
  for (const [index, left] of a.entries()) {
    const right = b[index];
    if (right === undefined) break;
    const order = rank(left) - rank(right);
    if (order !== 0) return order;
  }
  return b.length - a.length;
}

function rank(segment: Segment): number {
  if ('literal' in segment) return 0;
  return segment.greedy ? 2 : 1;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
