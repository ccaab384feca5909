import { describe, expect, it } from 'vitest';
import type { CorsRule } from './bucket.ts';
import { corsHeaders, type CorsAsk } from './cors.ts';

const rule = (more: Partial<CorsRule> = {}): CorsRule => ({
  allowedOrigins: ['https://app.example'],
  allowedMethods: ['GET', 'PUT'],
  allowedHeaders: ['Content-Type', 'x-amz-*'],
  exposeHeaders: [],
  ...more,
});
const ask = (more: Partial<CorsAsk> = {}): CorsAsk => ({
  origin: 'https://app.example',
  method: 'PUT',
  headers: [],
  ...more,
});

describe('the rules of a bucket', () => {
  it.each<[string, Partial<CorsRule>, Partial<CorsAsk>, boolean]>([
    ['what they name', {}, {}, true],
    ['no other origin', {}, { origin: 'https://app.example.evil' }, false],
    ['no other scheme', {}, { origin: 'http://app.example' }, false],
    ['no other method', {}, { method: 'DELETE' }, false],
    ['a pattern of origins', { allowedOrigins: ['https://*.example'] }, {}, true],
    ['nothing beyond the pattern', { allowedOrigins: ['https://*.example'] }, { origin: 'https://example' }, false],
    ['everybody', { allowedOrigins: ['*'] }, { origin: 'null' }, true],
    ['headers of any case', {}, { headers: ['content-type', 'X-Amz-Meta-A'] }, true],
    ['no other header', {}, { headers: ['content-type', 'authorization'] }, false],
  ])('allow %s', (_, own, more, allowed) => {
    expect(corsHeaders([rule({ allowedMethods: ['HEAD'] }), rule(own)], ask(more)) !== undefined).toBe(allowed);
  });

  it('say what a browser is to know', () => {
    expect(
      corsHeaders(
        [rule({ exposeHeaders: ['ETag', 'x-amz-version-id'], maxAgeSeconds: 0 })],
        ask({ headers: ['X-Amz-A'] }),
      ),
    ).toEqual({
      'access-control-allow-origin': 'https://app.example',
      'access-control-allow-methods': 'GET, PUT',
      'access-control-allow-headers': 'x-amz-a',
      'access-control-expose-headers': 'ETag, x-amz-version-id',
      'access-control-max-age': '0',
      'access-control-allow-credentials': 'true',
      vary: 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method',
    });
    const open = corsHeaders([rule({ allowedOrigins: ['*'] })], ask());
    expect(open).toMatchObject({ 'access-control-allow-origin': '*' });
    expect(open).not.toHaveProperty('access-control-allow-credentials');
  });
});
