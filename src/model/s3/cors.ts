import type { CorsRule } from './bucket.ts';

/** What a page in a browser wants, or would want after its preflight. */
export interface CorsAsk {
  readonly origin: string;
  readonly method: string;
  /** The names of the headers that it would send beyond what every page may. */
  readonly headers: readonly string[];
}

/**
 * The headers by which a browser lets a page of another origin have the answer, of the first rule that allows what is asked;
 * `undefined` when none does ("Using cross-origin resource sharing (CORS)", Amazon S3 User Guide).
 */
export function corsHeaders(rules: readonly CorsRule[], ask: CorsAsk): Record<string, string> | undefined {
  const rule = rules.find(
    ({ allowedMethods, allowedOrigins, allowedHeaders }) =>
      allowedMethods.includes(ask.method) &&
      allowedOrigins.some((pattern) => isLike(pattern, ask.origin)) &&
      ask.headers.every((name) => allowedHeaders.some((pattern) => isLike(pattern.toLowerCase(), name.toLowerCase()))),
  );
  if (rule === undefined) return undefined;
  const anyone = rule.allowedOrigins.includes('*');
  return {
    'access-control-allow-origin': anyone ? '*' : ask.origin,
    'access-control-allow-methods': rule.allowedMethods.join(', '),
    ...(ask.headers.length === 0 ? {} : { 'access-control-allow-headers': ask.headers.join(', ').toLowerCase() }),
    ...(rule.exposeHeaders.length === 0 ? {} : { 'access-control-expose-headers': rule.exposeHeaders.join(', ') }),
    ...(rule.maxAgeSeconds === undefined ? {} : { 'access-control-max-age': String(rule.maxAgeSeconds) }),
    ...(anyone ? {} : { 'access-control-allow-credentials': 'true' }),
    vary: 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method',
  };
}

/** Whether a text is what a pattern with at most one `*` stands for. */
function isLike(pattern: string, text: string): boolean {
  const star = pattern.indexOf('*');
  if (star < 0) return pattern === text;
  const [before, after] = [pattern.slice(0, star), pattern.slice(star + 1)];
  return text.length >= before.length + after.length && text.startsWith(before) && text.endsWith(after);
}
