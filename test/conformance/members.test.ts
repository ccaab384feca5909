import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { loadModel } from '../../src/aws/schema/model.ts';
import type { Shape } from '../../src/aws/schema/shape.ts';
import { serviceTable, type ServiceId } from '../../src/aws/service-table.ts';
import { servedBy } from '../../src/aws/services.ts';
import { servedHandlers } from '../../tools/served.ts';
import { unread } from './unread-members.ts';

// No field is accepted and ignored: the code that an operation's handler reaches names every member of its input, or
// `unread` says why it need not. EC2 proves more by itself: its operations declare what they take, and the rest is refused.

const services = await servedHandlers();
const source = new URL('../../src/', import.meta.url).pathname;

/** The code of every top-level function and constant of a folder, by name, without comments. */
function declarations(folder: string): Map<string, string> {
  const found = new Map<string, string>();
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  for (const file of files.filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))) {
    let name = '';
    for (const line of uncommented(readFileSync(`${folder}/${file}`, 'utf8')).split('\n')) {
      name = /^(?:export )?(?:async )?(?:function|const|class) (\w+)/.exec(line)?.[1] ?? name;
      found.set(name, `${found.get(name) ?? ''}\n${line}`);
    }
  }
  return found;
}

function uncommented(code: string): string {
  return code.replaceAll(/\/\*[\s\S]*?\*\/|(?<![:'"])\/\/.*$/gm, '');
}

function wordsOf(code: string): Set<string> {
  return new Set(code.match(/[A-Za-z_]\w*/g));
}

/** Every word in the code that `handler` reaches by name. */
function reach(handler: string, known: ReadonlyMap<string, string>): Set<string> {
  const words = wordsOf(uncommented(handler));
  for (const word of words) {
    const code = word.endsWith('Handlers') ? undefined : known.get(word);
    // A set is walked to its end, with what joins it on the way.
    if (code !== undefined) for (const more of wordsOf(code)) words.add(more);
  }
  return words;
}

/** The paths of members that `words` do not name; what is inside of such a one is not looked at. */
function missing(shape: Shape, words: ReadonlySet<string>, path = '', above: readonly Shape[] = []): string[] {
  if (above.includes(shape)) return [];
  if (shape.kind === 'list') return missing(shape.value.shape, words, path, [...above, shape]);
  if (shape.kind !== 'structure') return [];
  return shape.members.flatMap((member) => {
    const at = path === '' ? member.name : `${path}.${member.name}`;
    return words.has(member.name) ? missing(member.shape, words, at, [...above, shape]) : [at];
  });
}

/** Where a service is that shares the folder of another. */
const folders: Partial<Record<ServiceId, string>> = { elb: 'elbv2' };

describe.each(serviceTable.map(({ id }) => id).filter((id) => id !== 'ec2'))('%s', (id: ServiceId) => {
  const model = loadModel(id);
  const handlers = services[id] as Readonly<Record<string, (...args: never) => unknown>>;
  const known = new Map(
    [`services/${folders[id] ?? id}`, 'store', 'model'].flatMap((folder) => [...declarations(`${source}${folder}`)]),
  );
  const reasons = unread[id] ?? {};

  test('every member of every served operation is read, or there is a reason', () => {
    const used = new Set<string>();
    const found = servedBy(services, id).flatMap((name) => {
      const operation = model.operation(name);
      const words = reach(handlers[name]?.toString() ?? '', known);
      return missing(operation?.input ?? { kind: 'document' }, words)
        .filter((path) => {
          const reason = Object.keys(reasons).find(
            (key) => `${path}.`.startsWith(`${key}.`) || `${name}.${path}.`.startsWith(`${key}.`),
          );
          if (reason !== undefined) used.add(reason);
          return reason === undefined;
        })
        .map((path) => `${name}.${path}`);
    });
    expect(found).toEqual([]);
    expect(Object.keys(reasons).filter((key) => !used.has(key))).toEqual([]);
  });
});

test('a handler that names a member nowhere is found out', () => {
  const input = loadModel('ecs').operation('ListServices')?.input ?? { kind: 'document' };
  const words = reach('(input) => list(input.cluster)', new Map([['list', 'function list() { input.launchType }']]));
  expect(missing(input, words)).toEqual(expect.arrayContaining(['nextToken', 'schedulingStrategy']));
  expect(missing(input, words)).not.toContain('launchType');
});
