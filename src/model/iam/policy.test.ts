import { describe, expect, it } from 'vitest';
import { machineSession } from './machine-session.ts';
import { judge } from './policy.ts';

const policy = (...statements: readonly object[]): string => JSON.stringify({ Statement: statements });
const allow = (...actions: readonly string[]): object => ({ Effect: 'Allow', Action: actions, Resource: '*' });

describe('what policies say of an action', () => {
  it.each([
    ['nothing at all', [], 'ecs:Poll', 'unmentioned'],
    ['its name', [policy(allow('ecs:Poll'))], 'ecs:Poll', 'allowed'],
    ['another name', [policy(allow('ecs:Poll'))], 'ecs:RunTask', 'unmentioned'],
    ['its beginning', [policy(allow('ecs:Submit*'))], 'ecs:SubmitTaskStateChange', 'allowed'],
    ['a pattern of another service', [policy(allow('ecs:*'))], 'ecr:GetAuthorizationToken', 'unmentioned'],
    ['one character', [policy(allow('ecs:Pol?'))], 'ecs:Poll', 'allowed'],
    ['its name in other letters', [policy(allow('ECS:poll'))], 'ecs:Poll', 'allowed'],
    ['a dot is a dot', [policy(allow('ecs.Poll'))], 'ecs:Poll', 'unmentioned'],
    ['a single statement, a single action', ['{"Statement":{"Effect":"Allow","Action":"*"}}'], 'a:B', 'allowed'],
    ['all but some', [policy({ Effect: 'Allow', NotAction: ['iam:*'] })], 'ecs:Poll', 'allowed'],
    ['some of all but', [policy({ Effect: 'Allow', NotAction: ['iam:*'] })], 'iam:GetRole', 'unmentioned'],
    ['a denial elsewhere', [policy(allow('*')), policy({ Effect: 'Deny', Action: 'ecs:*' })], 'ecs:Poll', 'denied'],
    [
      'a denial of one resource',
      [policy(allow('*'), { Effect: 'Deny', Action: 'ecs:*', Resource: 'arn:aws:ecs:::x' })],
      'ecs:Poll',
      'allowed',
    ],
    [
      'a denial under a condition',
      [policy(allow('*'), { Effect: 'Deny', Action: 'ecs:*', Resource: '*', Condition: {} })],
      'ecs:Poll',
      'allowed',
    ],
  ] as const)('%s', (_, documents, action, verdict) => {
    expect(judge(documents, action)).toBe(verdict);
  });
});

describe('whether a session is that of a machine', () => {
  it.each([
    [
      'an instance',
      'arn:aws:sts::1:assumed-role/web/i-0123456789abcdef0',
      { role: 'web', session: 'i-0123456789abcdef0' },
    ],
    [
      'a node',
      'arn:aws:sts::1:assumed-role/any/mi-0123456789abcdef0',
      { role: 'any', session: 'mi-0123456789abcdef0' },
    ],
    ['a kit', 'arn:aws:sts::1:assumed-role/StowageAgentRole/box', { role: 'StowageAgentRole', session: 'box' }],
    ['a task', 'arn:aws:sts::1:assumed-role/web/0123456789abcdef0123456789abcdef', undefined],
    ['the root', 'arn:aws:iam::1:root', undefined],
  ])('%s', (_, arn, expected) => {
    expect(machineSession(arn)).toEqual(expected);
  });
});
