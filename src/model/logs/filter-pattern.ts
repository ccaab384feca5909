import { columnPattern } from './filter-columns.ts';
import { jsonPattern } from './filter-json.ts';
import { FilterPatternError, FilterScanner, type Test } from './filter-scanner.ts';

/**
 * Compiles a filter pattern ("Filter pattern syntax for metric filters, subscription filters, filter log events, and Live
 * Tail", CloudWatch Logs User Guide): terms, `{ $.json = conditions }` or `[space, delimited, columns]`. The empty pattern
 * takes everything. Throws `FilterPatternError`.
 */
export function compileFilterPattern(pattern: string): Test {
  const text = pattern.trim();
  if (text === '') return () => true;
  if (text.startsWith('{')) return jsonPattern(text);
  if (text.startsWith('[')) return columnPattern(text);
  return termPattern(text);
}

/**
 * Terms: all plain ones and none with `-` are contained; with `?` before every term, any of them. A `?` beside terms of
 * another kind is ignored together with its term, as AWS does.
 */
function termPattern(text: string): Test {
  const scanner = new FilterScanner(text);
  const terms: Record<'with' | 'without' | 'any', Test[]> = { with: [], without: [], any: [] };
  while (!scanner.done) {
    const kind = scanner.take('?') ? 'any' : scanner.take('-') ? 'without' : 'with';
    terms[kind].push(term(scanner));
  }
  if (terms.with.length + terms.without.length === 0) return (message) => terms.any.some((test) => test(message));
  return (message) => terms.with.every((test) => test(message)) && !terms.without.some((test) => test(message));
}

function term(scanner: FilterScanner): Test {
  const regex = scanner.regex();
  if (regex !== undefined) return (message) => regex.test(message);
  const text = scanner.quoted() ?? scanner.match(/\S+/) ?? '';
  if (text === '') throw scanner.error('expected a term');
  return (message) => message.includes(text);
}

export { FilterPatternError };
