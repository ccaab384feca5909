import type { ContainerDefinition, LogConfiguration } from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import { checkFirelens, checkLogConfiguration } from './log-rules.ts';

const invalid = (why: string): string => `Invalid 'firelensConfiguration' setting for container 'router'. ${why}`;

describe('a log configuration', () => {
  it.each<[string, LogConfiguration, string]>([
    ['of no driver', { logDriver: 'papyrus' as 'awslogs' }, "Unknown log driver: 'papyrus'."],
    [
      'with a mode that is none',
      { logDriver: 'awslogs', options: { 'awslogs-group': 'g', 'awslogs-region': 'r', mode: 'fast' } },
      "Invalid 'mode' option for container 'web'. Use one of blocking, non-blocking.",
    ],
    [
      'of splunk without a token',
      { logDriver: 'splunk', options: { 'splunk-url': 'https://splunk' } },
      'Log driver splunk requires options: splunk-token',
    ],
  ])('%s is refused', (_what, logConfiguration, message) => {
    expect(() => checkLogConfiguration({ name: 'web', logConfiguration })).toThrow(message);
  });

  it.each<[string, LogConfiguration]>([
    [
      'whose token is a secret',
      {
        logDriver: 'splunk',
        options: { 'splunk-url': 'https://splunk' },
        secretOptions: [{ name: 'splunk-token', valueFrom: 'token' }],
      },
    ],
    ["whose options are the engine's matter", { logDriver: 'gelf', options: { 'gelf-address': 'udp://x:1' } }],
  ])('%s is taken', (_what, logConfiguration) => {
    expect(() => checkLogConfiguration({ name: 'web', logConfiguration })).not.toThrow();
  });
});

describe('FireLens', () => {
  const app: ContainerDefinition = { name: 'app', logConfiguration: { logDriver: 'awsfirelens' } };
  const router = (
    options: Record<string, string> = {},
    more: Partial<ContainerDefinition> = {},
  ): ContainerDefinition => ({ name: 'router', firelensConfiguration: { type: 'fluentbit', options }, ...more });

  it.each<[string, ContainerDefinition[], string]>([
    [
      'output without a router',
      [app],
      'When awsfirelens log driver is specified in log configuration, a firelens configuration object must be configured in one of the containers.',
    ],
    [
      'a router that nobody logs through',
      [router()],
      'When a firelensConfiguration object is specified, at least one container has to be configured with the awsfirelens log driver.',
    ],
    ['two routers', [app, router(), { ...router(), name: 'other' }], 'Only one container'],
    [
      'a router that logs through itself',
      [app, router({}, { logConfiguration: { logDriver: 'awsfirelens' } })],
      'itself',
    ],
    ['an unknown type', [app, router({}, { firelensConfiguration: { type: 'x' as 'fluentd' } })], "Unknown type 'x'"],
    ['an unknown option', [app, router({ colour: 'red' })], invalid('Unknown options: colour.')],
    ['a file without its place', [app, router({ 'config-file-type': 'file' })], 'go together'],
    [
      'an answer that is neither yes nor no',
      [app, router({ 'enable-ecs-log-metadata': 'si' })],
      'must be true or false',
    ],
    [
      'a file in S3 on Fargate',
      [app, router({ 'config-file-type': 's3', 'config-file-value': 'arn:aws:s3:::b/k' })],
      invalid("Tasks on Fargate only support the config-file-type 'file'."),
    ],
  ])('refuses %s', (_what, containers, message) => {
    expect(() => checkFirelens(containers, true)).toThrow(message);
  });

  it('takes one router and those who log through it', () => {
    const file = { 'config-file-type': 'file', 'config-file-value': '/x.conf', 'enable-ecs-log-metadata': 'true' };
    expect(() => checkFirelens([app, router(file)], true)).not.toThrow();
    expect(() => checkFirelens([{ name: 'plain' }], true)).not.toThrow();
  });
});
