import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { InstanceMetadataSpec } from '../../wire/instance-metadata.ts';
import { answerInstance, type InstanceRequest } from './answer.ts';
import { isGood, longestSession, makeToken } from './token.ts';
import { read } from './tree.ts';

const now = 1_700_000_000_000;
const spec: InstanceMetadataSpec = {
  enabled: true,
  tokensRequired: false,
  hopLimit: 1,
  tokenKey: 'mine',
  answersTasks: true,
  userData: Buffer.from([0x1f, 0x8b, 0xff]).toString('base64'),
  texts: {
    'meta-data/ami-id': 'ami-1',
    'meta-data/placement/region': 'us-east-1',
    'meta-data/public-keys/': '0=me',
    'meta-data/public-keys/0/openssh-key': 'ssh-rsa AAAA',
    'meta-data/tags/instance/Name': 'web',
    'dynamic/instance-identity/document': '{}',
  },
};
const ask = (more: Partial<InstanceRequest> = {}, of: Partial<InstanceMetadataSpec> = {}) =>
  answerInstance(
    { ...spec, ...of },
    { method: 'GET', path: '/latest/meta-data/ami-id', headers: {}, hops: 1, ...more },
    now,
  );
const put = (headers: InstanceRequest['headers'], more: Partial<InstanceRequest> = {}) =>
  ask({ method: 'PUT', path: '/latest/api/token', headers, ...more });
const ttl = (value: string) => ({ 'x-aws-ec2-metadata-token-ttl-seconds': value });
const token = (value: string) => ({ 'x-aws-ec2-metadata-token': value });
const good = makeToken('mine', now + 1);

describe('requests', () => {
  it.each([
    ['a token', put(ttl('60')), 200],
    ['one for six hours', put(ttl(String(longestSession))), 200],
    ['one for longer', put(ttl(String(longestSession + 1))), 400],
    ['one for no time', put(ttl('0')), 400],
    ['one for a word', put(ttl('soon')), 400],
    ['one without a time', put({}), 400],
    ['one through a proxy', put({ ...ttl('60'), 'x-forwarded-for': '10.0.0.1' }), 403],
    ['without a token where none is needed', ask(), 200],
    ['without a token where one is needed', ask({}, { tokensRequired: true }), 401],
    ['with a token where one is needed', ask({ headers: token(good) }, { tokensRequired: true }), 200],
    ['with a token that is over', ask({ headers: token(makeToken('mine', now)) }), 401],
    ['with the token of another instance', ask({ headers: token(makeToken('other', now + 1)) }), 401],
    ['with a token of nobody', ask({ headers: token('x') }), 401],
    ['from a container beyond the hop limit, without a token', ask({ hops: 2 }), 200],
    ['of a service that is disabled', ask({}, { enabled: false }), 403],
    ['for a token of one that is disabled', put(ttl('60'), {}) && ask({ method: 'PUT' }, { enabled: false }), 403],
    ['to write', ask({ method: 'POST' }), 405],
    ['for what there is not', ask({ path: '/latest/meta-data/spot/instance-action' }), 404],
    ['of a version that there is not', ask({ path: '/2000-01-01/meta-data/ami-id' }), 404],
  ])('%s', (_, answer, status) => {
    expect(answer?.status).toBe(status);
    if (status !== 200) expect(answer?.body).toMatch(`<title>${status} - `);
  });

  it('says for how long a token is good', () => {
    expect(put(ttl('60'))?.headers).toEqual({ 'X-Aws-Ec2-Metadata-Token-Ttl-Seconds': '60' });
  });

  it('never lets a token travel further than the hop limit', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 64 }), fc.constantFrom(1, 2), (hopLimit, hops) => {
        const answer = ask({ method: 'PUT', path: '/latest/api/token', headers: ttl('60'), hops }, { hopLimit });
        expect(answer === undefined).toBe(hops > hopLimit);
      }),
    );
  });
});

it('tokens are good until they are over, for their own instance only, and have 56 characters', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.nat(), fc.nat(), (key, other, end, at) => {
      const made = makeToken(key, end);
      expect(made).toHaveLength(56);
      expect(isGood(key, made, at)).toBe(end > at);
      if (key !== other) expect(isGood(other, made, at)).toBe(false);
    }),
  );
});

it.each([
  ['/', /^1\.0\n.*\nlatest$/s],
  ['/latest', /^dynamic\nmeta-data\nuser-data$/],
  ['/latest/', /^dynamic\nmeta-data\nuser-data$/],
  ['/latest/meta-data', /^ami-id\nplacement\/\npublic-keys\/\ntags\/$/],
  ['/2021-07-15//meta-data/', /^ami-id\nplacement\/\npublic-keys\/\ntags\/$/],
  ['/latest/meta-data/public-keys/', /^0=me$/],
  ['/latest/meta-data/public-keys/0', /^openssh-key$/],
  ['/latest/meta-data/public-keys/0/openssh-key', /^ssh-rsa AAAA$/],
  ['/latest/meta-data/tags/instance', /^Name$/],
  ['/latest/meta-data/toString', undefined],
  ['/latest/meta-data/ami-id/x', undefined],
] as const)('at %s', (path, text) => {
  const found = read(spec, path);
  if (text === undefined) expect(found).toBeUndefined();
  else expect(String(found)).toMatch(text);
});

it('user data are given back as they came', () => {
  expect(read(spec, '/latest/user-data')).toEqual(Buffer.from([0x1f, 0x8b, 0xff]));
  expect(
    read({ ...spec, userData: undefined } as unknown as InstanceMetadataSpec, '/latest/user-data'),
  ).toBeUndefined();
});
