import { describe, expect, it } from 'vitest';
import { registryAuthenticationOf, secretsOf } from './translate-secrets.ts';

describe('secretsOf', () => {
  const arn = 'arn:aws:secretsmanager:eu-west-1:000000000000:secret:db-AbCdEf:password::';
  it.each([
    ['plain', 'plain', 'ssm', 'us-east-1'],
    ['/a/b', '/a/b', 'ssm', 'us-east-1'],
    ['arn:aws:ssm:eu-west-1:000000000000:parameter/plain', 'plain', 'ssm', 'eu-west-1'],
    ['arn:aws:ssm:eu-west-1:000000000000:parameter/a/b', '/a/b', 'ssm', 'eu-west-1'],
    [arn, arn, 'asm', 'eu-west-1'],
  ])('%s', (valueFrom, wanted, provider, region) => {
    const expected = { name: 'A', valueFrom: wanted, provider, region, type: 'ENVIRONMENT_VARIABLE' };
    expect(secretsOf({ secrets: [{ name: 'A', valueFrom }] }, 'us-east-1')).toEqual([
      { ...expected, target: 'CONTAINER' },
    ]);
    const secretOptions = [{ name: 'A', valueFrom }];
    expect(secretsOf({ logConfiguration: { logDriver: 'splunk', secretOptions } }, 'us-east-1')).toEqual([
      { ...expected, target: 'LOG_DRIVER' },
    ]);
  });
});

describe('registryAuthenticationOf', () => {
  it.each([
    ['registry', 'us-east-1'],
    ['arn:aws:secretsmanager:eu-west-1:000000000000:secret:registry-AbCdEf', 'eu-west-1'],
  ])('%s', (credentialsParameter, region) => {
    expect(registryAuthenticationOf({ repositoryCredentials: { credentialsParameter } }, 'us-east-1')).toEqual({
      type: 'asm',
      asmAuthData: { credentialsParameter, region },
    });
  });

  it('is nothing for an image that anybody may pull', () => {
    expect(registryAuthenticationOf({}, 'us-east-1')).toBeUndefined();
  });
});
