/** What each directive matches, as Docker's `awslogs` driver has them (`awslogs-datetime-format`). */
const directives: Readonly<Record<string, string>> = {
  A: '(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)',
  a: '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)',
  B: '(?:January|February|March|April|May|June|July|August|September|October|November|December)',
  b: '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)',
  w: '[0-6]',
  Y: '\\d{4}',
  y: '\\d{2}',
  m: '(?:0[1-9]|1[0-2])',
  d: '(?:0[1-9]|[12][0-9]|3[01])',
  H: '(?:[01][0-9]|2[0-3])',
  I: '(?:0[0-9]|1[0-2])',
  p: '[AP]M',
  M: '[0-5][0-9]',
  S: '[0-5][0-9]',
  f: '\\d{6}',
  L: '\\.\\d{3}',
  Z: '[A-Z]{1,4}T',
  z: '[+-]\\d{4}',
  j: '(?:[0-2]\\d{2}|3[0-5]\\d|36[0-6])',
  '%': '%',
};

/** A regular expression that finds a time in the strftime format `format`. */
export function strftimePattern(format: string): string {
  let pattern = '';
  for (let i = 0; i < format.length; i++) {
    const char = format[i] ?? '';
    const directive = char === '%' ? directives[format[i + 1] ?? ''] : undefined;
    if (directive === undefined) {
      pattern += char.replace(/[.*+?^${}()|[\]\\]/, '\\$&');
    } else {
      pattern += directive;
      i++;
    }
  }
  return pattern;
}
