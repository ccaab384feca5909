import { describe, expect, test } from 'vitest';
import type { AccessLine } from '../../../drivers/balancer/access-line.ts';
import {
  classicSpec,
  forwardTo,
  groupSpec,
  listenerSpec,
  targetSpec,
} from '../../../drivers/balancer/spec-for-tests.ts';

import { classicHostMetrics, classicLogEntry, classicMetrics } from './classic.ts';
import { logKey } from './log-keys.ts';

const second = 1_000_000;
const beganUs = Date.UTC(2026, 0, 1, 12, 0, 30) * 1000 + 945_958;
const group = groupSpec('web', [
  targetSpec(1, { id: 'i-1', address: '10.0.0.1', zone: 'a', lastHealth: 'healthy' }),
  targetSpec(1, { id: 'i-2', address: '10.0.0.2', zone: 'b', lastHealth: 'unhealthy' }),
  targetSpec(1, { id: 'i-3', address: '10.0.0.3', zone: 'a', lastHealth: 'initial' }),
]);
const spec = classicSpec({
  name: 'shop',
  addresses: ['10.0.0.5'],
  listeners: [listenerSpec(80, forwardTo(group)), { ...listenerSpec(22, forwardTo(group)), protocol: 'TCP' }],
  targetGroups: [group],
});
const request: AccessLine = {
  connection: 'x',
  isFirst: true,
  beganUs,
  endedUs: beganUs + second,
  client: '203.0.113.9:4711',
  chosen: '10.0.0.1:8080',
  target: '10.0.0.1:8080',
  requestMs: 3,
  responseMs: 250,
  status: 200,
  targetStatus: 200,
  receivedBytes: 100,
  sentBytes: 900,
  method: 'GET',
  version: 'HTTP/1.1',
  port: 80,
  backend: 'b',
  ending: '--',
  host: 'www.example.com',
  url: '/a?b=c',
  agent: 'curl/7.38.0',
};
const { targetStatus: _status, responseMs: _response, ...unanswered } = request;
const { target: _target, requestMs: _request, ...unsent } = unanswered;
const { chosen: _chosen, host: _host, url: _url, agent: _agent, ...bare } = unanswered;
const connection: AccessLine = { ...bare, method: '-', version: '-', status: 0, port: 22, target: '10.0.0.1:22' };
const refused: AccessLine = { ...unsent, status: 502, ending: 'SC' };

describe('a Classic Load Balancer', () => {
  test.each<[string, AccessLine, Record<string, number>]>([
    ['a request', request, { RequestCount: 1, HTTPCode_Backend_2XX: 1, Latency: 0.25, EstimatedProcessedBytes: 1000 }],
    [
      'a request that nobody could answer',
      refused,
      { HTTPCode_ELB_5XX: 1, BackendConnectionErrors: 1, EstimatedProcessedBytes: 1000 },
    ],
    ['what is no request', { ...unsent, status: 400 }, { HTTPCode_ELB_4XX: 1, EstimatedProcessedBytes: 1000 }],
    ['a connection', connection, { RequestCount: 1, Latency: 0.003, EstimatedProcessedBytes: 1000 }],
  ])('measures %s', (_, line, expected) => {
    const data = classicMetrics(spec, [line]);
    expect(Object.fromEntries(data.map(({ series, point }) => [series.name, point.sum]))).toEqual(expected);
    for (const { series } of data) {
      expect(series).toMatchObject({
        namespace: 'AWS/ELB',
        dimensions: [{ name: 'LoadBalancerName', value: 'shop' }],
      });
    }
  });

  test('counts its instances, and those of each zone', () => {
    const data = classicHostMetrics(spec, Date.UTC(2026, 0, 1));
    expect(
      data.map(({ series, point }) => [
        series.name,
        ...series.dimensions.slice(0, -1).map(({ value }) => value),
        point.sum,
      ]),
    ).toEqual([
      ['HealthyHostCount', 1],
      ['UnHealthyHostCount', 2],
      ['HealthyHostCount', 'a', 1],
      ['UnHealthyHostCount', 'a', 1],
      ['HealthyHostCount', 'b', 0],
      ['UnHealthyHostCount', 'b', 1],
    ]);
  });

  test.each<[string, AccessLine, string]>([
    [
      'a request',
      request,
      '2026-01-01T12:00:30.945958Z shop 203.0.113.9:4711 10.0.0.1:8080 0.003000 0.250000 0.000000 200 200 100 900 "GET http://www.example.com:80/a?b=c HTTP/1.1" "curl/7.38.0" - -',
    ],
    [
      'a request that no instance took',
      refused,
      '2026-01-01T12:00:30.945958Z shop 203.0.113.9:4711 - -1 -1 -1 503 - 100 900 "GET http://www.example.com:80/a?b=c HTTP/1.1" "curl/7.38.0" - -',
    ],
    [
      'a connection',
      connection,
      '2026-01-01T12:00:30.945958Z shop 203.0.113.9:4711 10.0.0.1:22 0.003000 0.000000 0.000000 - - 100 900 "- - - " "-" - -',
    ],
  ])('logs %s', (_, line, expected) => {
    expect(classicLogEntry(spec, line)).toBe(expected);
  });

  test('has logs that are not compressed, under its name', () => {
    const endAt = Date.UTC(2026, 0, 1, 12, 5);
    expect(logKey(spec, { prefix: 'p', begin: '', endAt, random: 'x' })).toMatch(
      /^p\/AWSLogs\/000000000000\/elasticloadbalancing\/us-east-1\/2026\/01\/01\/000000000000_elasticloadbalancing_us-east-1_shop_20260101T1205Z_10\.0\.0\.5_[0-9a-f]{8}\.log$/,
    );
  });
});
