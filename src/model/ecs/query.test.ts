import { expect, it } from 'vitest';
import { parseQuery, QueryError, satisfies } from './query.ts';

const values: Readonly<Record<string, readonly string[]>> = {
  'attribute:ecs.instance-type': ['t2.micro'],
  'attribute:ecs.availability-zone': ['us-east-1a'],
  'attribute:stack': ['prod'],
  'task:group': ['service:web', 'family:job'],
  runningTasksCount: ['10'],
  agentConnected: ['true'],
  agentVersion: ['1.14.0'],
  registeredAt: ['2024-05-01T10:00:00.000Z'],
};

it.each([
  ['attribute:ecs.instance-type == t2.micro', true],
  ['attribute:ecs.instance-type =~ t2.*', true],
  ['attribute:ecs.instance-type =~ t3.*', false],
  ["attribute:ecs.instance-type =~ 't2.(micro|nano)'", true],
  ['attribute:ecs.availability-zone in [us-east-1a, us-east-1b]', true],
  ['attribute:ecs.availability-zone !in [us-east-1a, us-east-1b]', false],
  ['attribute:ecs.availability-zone not_in [us-east-1c]', true],
  ['task:group == service:web', true],
  ['not(task:group == service:web)', false],
  ['!(task:group==service:db) && attribute:stack exists', true],
  ['attribute:colour exists', false],
  ['attribute:colour !exists or attribute:stack == dev', true],
  ['attribute:colour != red', true],
  ['runningTasksCount > 9 and runningTasksCount <= 10', true],
  ['agentVersion < 1.9.0', false],
  ['agentVersion >= 1.14.0', true],
  ['registeredAt > 2024-04-30T00:00:00Z', true],
  ['agentConnected equals true and (attribute:stack == dev or attribute:stack == prod)', true],
  ['attribute:stack == "prod"', true],
])('%s', (text, holds) => {
  expect(satisfies(parseQuery(text), (subject) => values[subject] ?? [])).toBe(holds);
});

it.each(['', 'attribute:stack', 'attribute:stack ~ prod', '(a == b', 'a == b c', 'a in b', "a =~ '('", 'a == "b'])(
  'refuses %j',
  (text) => {
    expect(() => parseQuery(text)).toThrow(QueryError);
  },
);
