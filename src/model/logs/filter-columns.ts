import { combination, compare, FilterScanner, type Test } from './filter-scanner.ts';

type Column = (field: string) => boolean;

/**
 * `[ip, user, request = *.html, status = 4* || status = 5*, ...]`: conditions on the columns of messages that are separated
 * by spaces. `...` stands for any number of columns; without it the number must be the same.
 */
export function columnPattern(text: string): Test {
  const scanner = new FilterScanner(text);
  scanner.expect('[');
  const columns: (Column | '...')[] = [];
  do {
    columns.push(scanner.take('...') ? '...' : column(scanner));
  } while (scanner.take(','));
  scanner.expect(']');
  if (!scanner.done) throw scanner.error('nothing may follow ]');
  const gap = columns.indexOf('...');
  if (columns.lastIndexOf('...') !== gap) throw scanner.error('only one ... is allowed');
  const tests = columns.filter((each) => each !== '...');
  return (message) => {
    const fields = fieldsOf(message);
    if (gap < 0 ? fields.length !== tests.length : fields.length < tests.length) return false;
    const after = gap < 0 ? 0 : tests.length - gap;
    return tests.every((test, at) => {
      const place = at < tests.length - after ? at : fields.length - (tests.length - at);
      return test(fields[place] ?? '');
    });
  };
}

function column(scanner: FilterScanner): Column {
  return combination(scanner, () => {
    if (scanner.match(/[\w-]+/) === undefined) throw scanner.error('expected a column name');
    const how = scanner.comparison();
    if (how === undefined) return () => true;
    const literal = scanner.literal(/(?:(?!&&|\|\|)[^,\]()])+/);
    return (field) => compare(field, how, literal);
  });
}

/** Fields are separated by spaces; what stands between quotation marks or brackets is one field. */
function fieldsOf(message: string): string[] {
  return Array.from(message.matchAll(/"([^"]*)"|\[([^\]]*)\]|(\S+)/g), ([, quoted, bracketed, plain]) => {
    return quoted ?? bracketed ?? plain ?? '';
  });
}
