import type { RewriteSpec, TransformsSpec } from '../../wire/balancer-spec.ts';
import { pageOf } from './pages.ts';
import { argument, quote } from './quote.ts';

/**
 * The `http-request` lines by which a rule rewrites what it forwards: the host without its port, and path and query as one. What
 * does not match goes on as it came; "if there is a pattern match but the transform fails, we return an HTTP 500 error" ("Transforms
 * for listener rules", ELB), as where no path or no host comes out. `when` ends each line.
 */
export function renderTransforms({ host, url }: TransformsSpec = {}, when: string): string[] {
  const also = (test: string): string => (when === '' ? ` if ${test}` : `${when} ${test}`);
  const failed = `http-request return status 500 content-type text/html string ${quote(pageOf(500))} hdr Server awselb/2.0`;
  const lines: string[] = [];
  if (host !== undefined) {
    const rewritten = substituted('req.hdr(host),field(1,:)', host);
    lines.push(
      `http-request set-var(txn.host) ${quote(rewritten)}${when}`,
      `${failed}${also("{ var(txn.host) -m found } !{ var(txn.host) -m reg -- '^[A-Za-z0-9._-]+$' }")}`,
      `http-request set-header Host %[var(txn.host)]${also('{ var(txn.host) -m found }')}`,
    );
  }
  if (url !== undefined) {
    lines.push(
      `http-request set-var(txn.url) ${quote(substituted('pathq', url))}${when}`,
      `${failed}${also("{ var(txn.url) -m found } !{ var(txn.url) -m reg -- '^/[!-~]*$' }")}`,
      `http-request set-pathq %[var(txn.url)]${also('{ var(txn.url) -m found }')}`,
    );
  }
  return lines;
}

/** The converter's own references are `\1`, and it takes no other meaning from a backslash that is doubled. */
function substituted(fetch: string, { regex, replace }: RewriteSpec): string {
  const template = replace.replaceAll('\\', '\\\\').replaceAll(/\$(\d)/g, '\\$1');
  return `${fetch},regsub(${argument(regex)},${argument(template)})`;
}
