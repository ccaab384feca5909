import { describe, expect, it } from 'vitest';
import { compileFilterPattern } from './filter-pattern.ts';

const event = JSON.stringify({
  eventType: 'UpdateTrail',
  sourceIPAddress: '111.111.111.111',
  arrayKey: ['value', 'another value'],
  objectList: [
    { name: 'a', id: 1 },
    { name: 'b', id: 2 },
  ],
  SomeObject: null,
  ThisFlag: true,
  latency: 12.5,
  'cluster.name': 'c',
  text: 'a "quoted" word',
});
const request = '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534';

describe('compileFilterPattern', () => {
  it.each<[string, string, boolean]>([
    ['', 'anything', true],
    ['ERROR', '[ERROR 400] BAD REQUEST', true],
    ['ERROR', 'error', false],
    ['ERROR ARGUMENTS', '[ERROR 419] MISSING ARGUMENTS', true],
    ['ERROR ARGUMENTS', '[ERROR 400] BAD REQUEST', false],
    ['?ERROR ?ARGUMENTS', 'MISSING ARGUMENTS', true],
    ['?ERROR ?ARGUMENTS', 'fine', false],
    ['?ERROR WARN', 'ERROR', false],
    ['?ERROR WARN', 'WARN', true],
    ['ERROR -ARGUMENTS', 'ERROR MISSING ARGUMENTS', false],
    ['ERROR -ARGUMENTS', 'ERROR', true],
    ['-"health check"', 'GET health check', false],
    ['"INTERNAL SERVER ERROR"', '[ERROR 500] INTERNAL SERVER ERROR', true],
    ['"INTERNAL SERVER ERROR"', 'INTERNAL ERROR SERVER', false],
    [String.raw`"say \"hi\""`, 'they say "hi" again', true],
    ['%[Ee]rror 4[0-9]+%', 'error 404', true],
    ['%^error$%', 'an error', false],
    ['{ $.eventType = "UpdateTrail" }', event, true],
    ['{ $.eventType = Update* }', event, true],
    ['{ $.eventType != "UpdateTrail" }', event, false],
    ['{$.sourceIPAddress != 123.123.*}', event, true],
    ['{ $.arrayKey[0] = "value" }', event, true],
    ['{ $.arrayKey[*] = "another*" }', event, true],
    ['{ $.arrayKey[5] = "value" }', event, false],
    ['{ $.objectList[1].id = 2 }', event, true],
    ['{ $.objectList[*].id > 2 }', event, false],
    ['{ $.SomeObject IS NULL }', event, true],
    ['{ $.ThisFlag IS TRUE }', event, true],
    ['{ $.ThisFlag IS FALSE }', event, false],
    ['{ $.SomeOtherObject NOT EXISTS }', event, true],
    ['{ $.latency NOT EXISTS }', event, false],
    ['{ $.latency >= 12.5 && $.latency < 1.3e1 }', event, true],
    ['{ ($.latency > 100) || (($.ThisFlag IS TRUE) && ($.eventType = %Trail$%)) }', event, true],
    ['{ $["cluster.name"] = c }', event, true],
    [String.raw`{ $.text = "a \"quoted\"*" }`, event, true],
    ['{ $.missing != "x" }', event, false],
    ['{ $.a = 1 }', 'not json', false],
    ['{ $.a = 1 }', '{"a": 1', false],
    ['[ip, id, user, timestamp, request, status_code = 404, bytes > 1000]', request, true],
    ['[ip, id, user, timestamp, request, status_code = 4*, bytes]', request, true],
    ['[ip, id, user, timestamp, request =*.html*, status_code = 5* || status_code = 404, ...]', request, true],
    ['[ip, ..., status_code = 404, bytes < 1000]', request, false],
    ['[..., status_code = 404 && status_code != 403, bytes]', request, true],
    ['[ip, user]', request, false],
    ['[w1=ERROR, w2]', 'ERROR now', true],
    ['[w1!=ERROR, w2=%^n%]', 'INFO now', true],
  ])('%s on %s', (pattern, message, taken) => {
    expect(compileFilterPattern(pattern)(message)).toBe(taken);
  });

  it.each([
    '{ $.a }',
    '{ $.a = }',
    '{ a = 1 }',
    '{ $.a = 1',
    '{ $.a = 1 } x',
    '[a, ..., ...]',
    '[a',
    '?',
    '%(a)%',
    '{ ($.a = 1 }',
  ])('refuses %s', (pattern) => expect(() => compileFilterPattern(pattern)).toThrow('Invalid filter pattern'));
});
