import { gunzipSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../../base/clock.ts';
import { silentLog } from '../../../base/log.ts';
import type { MetricDatum } from '../../../base/metric.ts';
import { FakeBalancerDriver } from '../../../drivers/balancer/fake.ts';
import { parseAccessLine, type AccessLine } from '../../../drivers/balancer/access-line.ts';
import {
  balancerSpec,
  forwardTo,
  groupSpec,
  listenerSpec,
  networkSpec,
  targetSpec,
} from '../../../drivers/balancer/spec-for-tests.ts';
import type { BalancerSpec } from '../../../wire/balancer-spec.ts';
import type { RequestReport } from '../../../wire/request-report.ts';
import { accessLogEntry } from './access-log.ts';
import { connectionLogEntry } from './connection-log.ts';
import { flowMetrics } from './flow-metrics.ts';
import { connectionMetrics, hostMetrics, requestMetrics } from './metrics.ts';
import { networkLogEntry } from './network-log.ts';
import { RequestReporter } from './reporter.ts';

const second = 1_000_000;
const start = Date.UTC(2026, 0, 1, 12, 0, 30);
const web = groupSpec('web', [
  targetSpec(80, { id: '10.0.0.1', address: '10.0.0.1', lastHealth: 'healthy' }),
  targetSpec(80, { id: '10.0.0.2', address: '10.0.0.2', lastHealth: 'unhealthy' }),
]);
const spec: BalancerSpec = balancerSpec({
  name: 'shop',
  addresses: ['10.0.0.5'],
  zones: { '10.0.0.5': 'us-east-1a' },
  listeners: [
    listenerSpec(
      80,
      {
        priority: 7,
        conditions: [{ field: 'path-pattern', values: ['/moved'] }],
        action: {
          type: 'redirect',
          statusCode: 302,
          protocol: 'HTTPS',
          host: '#{host}',
          port: '443',
          path: '/',
          query: '',
        },
      },
      forwardTo(web),
    ),
  ],
  targetGroups: [web],
});
const logged = {
  ...spec,
  attributes: { 'access_logs.s3.enabled': 'true', 'access_logs.s3.bucket': 'logs', 'access_logs.s3.prefix': 'a/b' },
};

/** A line as HAProxy writes it. */
function lineOf(over: Readonly<Record<string, string | number>> = {}): string {
  const at = start * 1000;
  const fields = {
    connection: 'fa6c9f67-504f-40fc-8705-bd4e464e9ace',
    nth: 1,
    began: at,
    ended: at + 2 * second + 345,
    clientAddress: '203.0.113.9',
    clientPort: 4711,
    targetAddress: '10.0.0.1',
    targetPort: 80,
    requestMs: 0,
    queueMs: 1,
    connectMs: 2,
    responseMs: 250,
    status: 200,
    targetStatus: 200,
    receivedBytes: 100,
    sentBytes: 900,
    method: 'GET',
    version: 'HTTP/1.1',
    cipher: '-',
    protocol: '-',
    certificate: '-',
    port: 80,
    backend: 'tg_web_0123456789abcdef',
    rule: '-',
    ending: '--',
    trace: 'Root%3D1-67891233-abcdef012345678912345678',
    serverName: '-',
    location: '-',
    host: 'shop.test%3A80',
    url: '%2Fa%3Fb%3D%22%C3%A9',
    agent: 'curl%2F8 %22x%22',
    address: '10.0.0.5',
    accepted: at - 7000,
    handshakeMs: 0,
    ...over,
  };
  return Object.values(fields).join('\t');
}
const parsed = (over: Readonly<Record<string, string | number>> = {}): AccessLine =>
  parseAccessLine(lineOf(over)) ?? expect.fail('not a line');
const redirected = {
  targetAddress: '-',
  targetPort: '-',
  queueMs: -1,
  connectMs: -1,
  responseMs: -1,
  status: 302,
  targetStatus: '-',
  backend: 'listener_80',
  rule: 7,
  ending: 'LR',
  location: 'https%3A%2F%2Fshop.test%3A443%2F',
};

describe('an entry of the access log', () => {
  test('has the fields of AWS in their order', () => {
    expect(accessLogEntry(spec, parsed())).toBe(
      'http 2026-01-01T12:00:32.000345Z app/shop/0123456789abcdef 203.0.113.9:4711 10.0.0.1:80 0.003 0.250 0.000 200 200 100 900 ' +
        '"GET http://shop.test:80/a?b=\\x22\\xc3\\xa9 HTTP/1.1" "curl/8 \\x22x\\x22" - - ' +
        'arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/web/0123456789abcdef ' +
        '"Root=1-67891233-abcdef012345678912345678" "-" "-" 0 2026-01-01T12:00:30.000000Z "forward" "-" "-" ' +
        '"10.0.0.1:80" "200" "-" "-" TID_fa6c9f67504f40fc8705bd4e464e9ace "-" "-" "-"',
    );
  });

  test('says what the load balancer answered itself', () => {
    expect(accessLogEntry(spec, parsed(redirected))).toContain(
      ' 203.0.113.9:4711 - -1 -1 -1 302 - 100 900 "GET http://shop.test:80/a?b=\\x22\\xc3\\xa9 HTTP/1.1"',
    );
    expect(accessLogEntry(spec, parsed(redirected))).toContain(
      ' 7 2026-01-01T12:00:30.000000Z "redirect" "https://shop.test:443/" ',
    );
    const bad = {
      ...redirected,
      status: 400,
      rule: '-',
      method: '<BADREQ>',
      version: '<BADREQ>',
      url: '-',
      host: '-',
      location: '-',
    };
    expect(accessLogEntry(spec, parsed(bad))).toContain(' 400 - 100 900 "- http://10.0.0.5:80- -" ');
    expect(accessLogEntry(spec, parsed(bad))).toContain(' -1 2026-01-01T12:00:30.000000Z "-" "-" ');
  });

  test('knows its kind and the certificate that was shown', () => {
    const tls = {
      cipher: 'ECDHE-RSA-AES128-GCM-SHA256',
      protocol: 'TLSv1.2',
      certificate: 'ABCD',
      serverName: 'shop.test',
    };
    const shown = [{ certificateArn: 'arn:aws:acm:us-east-1:000000000000:certificate/1', sha1: 'ABCD' }];
    const https: BalancerSpec = {
      ...spec,
      listeners: spec.listeners.map((each) => ({
        ...each,
        tls: { protocols: [], ciphers: [], certificates: [], shown },
      })),
    };
    const entry = (over: object): string => accessLogEntry(https, parsed({ ...tls, ...over }));
    expect(entry({})).toMatch(/^https .* ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 .* "shop.test" "arn:aws:acm:\S+" 0 /);
    expect(entry({ version: 'HTTP/2.0' })).toMatch(/^h2 /);
    expect(entry({ status: 101, targetStatus: 101 })).toMatch(/^wss /);
  });
});

describe('an entry of the connection log', () => {
  const tls = { cipher: 'ECDHE-RSA-AES128-GCM-SHA256', protocol: 'TLSv1.2', handshakeMs: 4036, port: 443 };

  test('is of the first request of a connection', () => {
    expect(connectionLogEntry(spec, lineOf())).toBe(
      '2026-01-01T12:00:29.993000Z 203.0.113.9 4711 80 - - - "-" - - - TID_fa6c9f67504f40fc8705bd4e464e9ace',
    );
    expect(connectionLogEntry(spec, lineOf(tls))).toBe(
      '2026-01-01T12:00:34.029000Z 203.0.113.9 4711 443 TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256 4.036 "-" - - Success TID_fa6c9f67504f40fc8705bd4e464e9ace',
    );
    expect(connectionLogEntry(spec, lineOf({ nth: 2 }))).toBeUndefined();
    expect(connectionLogEntry(spec, 'Proxy listener_80 stopped')).toBeUndefined();
  });

  test('is of a failed handshake', () => {
    const line = ['failed', start * 1000, '203.0.113.9', 4711, '10.0.0.5', 443, 0x0a_00_04_18].join('\t');
    expect(connectionLogEntry(spec, line)).toBe(
      '2026-01-01T12:00:30.000000Z 203.0.113.9 4711 443 - - - "-" - - Failed:UnmappedConnectionError -',
    );
  });
});

describe("an entry of a network load balancer's access log", () => {
  const shown = [{ certificateArn: 'arn:aws:acm:us-east-1:000000000000:certificate/1', sha1: 'ABCD' }];
  const of = networkSpec({
    name: 'net',
    listeners: [
      {
        ...listenerSpec(443),
        protocol: 'TLS',
        listenerArn:
          'arn:aws:elasticloadbalancing:us-east-1:000000000000:listener/net/net/0123456789abcdef/fedcba9876543210',
        tls: { protocols: [], ciphers: [], certificates: [], shown, alpnPolicy: 'HTTP2Preferred' },
      },
    ],
  });
  const began = start * 1000;
  const where = ['203.0.113.9', 4711, '10.0.0.5', 443] as const;

  test('has the fields of AWS in their order', () => {
    const line = ['tls', began + 5_000_000, began, ...where, 5000, 2, 98, 246, 'ABCD', 'TLS_AES_128_GCM_SHA256'];
    expect(networkLogEntry(of, [...line, 'TLSv1.3', 'h2', 'net.test'].join('\t'))).toBe(
      'tls 2.0 2026-01-01T12:00:35 net/net/0123456789abcdef fedcba9876543210 203.0.113.9:4711 10.0.0.5:443 5000 2 98 246 - ' +
        'arn:aws:acm:us-east-1:000000000000:certificate/1 - TLS_AES_128_GCM_SHA256 tlsv13 - net.test h2 - - 2026-01-01T12:00:30',
    );
  });

  test('tells the alert with which a client refused', () => {
    const line = ['failed', began, ...where, 0x0a_00_04_18].join('\t');
    expect(networkLogEntry(of, line)).toBe(
      'tls 2.0 2026-01-01T12:00:30 net/net/0123456789abcdef fedcba9876543210 203.0.113.9:4711 10.0.0.5:443 - - 0 0 48 ' +
        '- - - - - - - - - 2026-01-01T12:00:30',
    );
    expect(networkLogEntry(of, lineOf())).toBeUndefined();
  });
});

test('requests become the metrics of ELB', () => {
  const data = requestMetrics(spec, [
    parsed(),
    parsed({ responseMs: 750, targetStatus: 404, status: 404 }),
    parsed(redirected),
    parsed({ ...redirected, status: 502, rule: '-', backend: 'tg_web_0123456789abcdef', ending: 'SC', location: '-' }),
    parsed({ ended: (start + 60_000) * 1000 }),
  ]);
  const found = data.map(({ series, point }) => {
    const dimensions = series.dimensions
      .map(({ name, value }) => `${name === 'AvailabilityZone' ? 'zone' : value.split('/')[0]}`)
      .join('+');
    return `${series.name} ${dimensions} ${(point.at / 60_000) % 60} sum ${Number(point.sum.toFixed(3))} count ${point.count}`;
  });
  expect(found.toSorted()).toMatchInlineSnapshot(`
    [
      "HTTPCode_ELB_3XX_Count app 0 sum 1 count 1",
      "HTTPCode_ELB_3XX_Count zone+app 0 sum 1 count 1",
      "HTTPCode_ELB_502_Count app 0 sum 1 count 1",
      "HTTPCode_ELB_502_Count zone+app 0 sum 1 count 1",
      "HTTPCode_ELB_5XX_Count app 0 sum 1 count 1",
      "HTTPCode_ELB_5XX_Count zone+app 0 sum 1 count 1",
      "HTTPCode_Target_2XX_Count app 0 sum 1 count 1",
      "HTTPCode_Target_2XX_Count app 1 sum 1 count 1",
      "HTTPCode_Target_2XX_Count app+targetgroup 0 sum 1 count 1",
      "HTTPCode_Target_2XX_Count app+targetgroup 1 sum 1 count 1",
      "HTTPCode_Target_2XX_Count zone+app 0 sum 1 count 1",
      "HTTPCode_Target_2XX_Count zone+app 1 sum 1 count 1",
      "HTTPCode_Target_2XX_Count zone+app+targetgroup 0 sum 1 count 1",
      "HTTPCode_Target_2XX_Count zone+app+targetgroup 1 sum 1 count 1",
      "HTTPCode_Target_4XX_Count app 0 sum 1 count 1",
      "HTTPCode_Target_4XX_Count app+targetgroup 0 sum 1 count 1",
      "HTTPCode_Target_4XX_Count zone+app 0 sum 1 count 1",
      "HTTPCode_Target_4XX_Count zone+app+targetgroup 0 sum 1 count 1",
      "HTTP_Redirect_Count app 0 sum 1 count 1",
      "HTTP_Redirect_Count zone+app 0 sum 1 count 1",
      "ProcessedBytes app 0 sum 4000 count 4",
      "ProcessedBytes app 1 sum 1000 count 1",
      "RequestCount app 0 sum 2 count 2",
      "RequestCount app 1 sum 1 count 1",
      "RequestCount app+targetgroup 0 sum 2 count 2",
      "RequestCount app+targetgroup 1 sum 1 count 1",
      "RequestCount zone+app 0 sum 2 count 2",
      "RequestCount zone+app 1 sum 1 count 1",
      "RequestCount zone+app+targetgroup 0 sum 2 count 2",
      "RequestCount zone+app+targetgroup 1 sum 1 count 1",
      "RequestCountPerTarget app+targetgroup 0 sum 1 count 2",
      "RequestCountPerTarget app+targetgroup 1 sum 0.5 count 1",
      "RequestCountPerTarget targetgroup 0 sum 1 count 2",
      "RequestCountPerTarget targetgroup 1 sum 0.5 count 1",
      "RuleEvaluations app 0 sum 4 count 4",
      "RuleEvaluations app 1 sum 1 count 1",
      "TargetConnectionErrorCount app 0 sum 1 count 1",
      "TargetConnectionErrorCount app+targetgroup 0 sum 1 count 1",
      "TargetConnectionErrorCount zone+app 0 sum 1 count 1",
      "TargetConnectionErrorCount zone+app+targetgroup 0 sum 1 count 1",
      "TargetResponseTime app 0 sum 1 count 2",
      "TargetResponseTime app 1 sum 0.25 count 1",
      "TargetResponseTime app+targetgroup 0 sum 1 count 2",
      "TargetResponseTime app+targetgroup 1 sum 0.25 count 1",
      "TargetResponseTime zone+app 0 sum 1 count 2",
      "TargetResponseTime zone+app 1 sum 0.25 count 1",
      "TargetResponseTime zone+app+targetgroup 0 sum 1 count 2",
      "TargetResponseTime zone+app+targetgroup 1 sum 0.25 count 1",
    ]
  `);
  const times = data.find(({ series }) => series.name === 'TargetResponseTime')?.point;
  expect(times).toMatchObject({
    unit: 'Seconds',
    min: 0.25,
    max: 0.75,
    values: [
      [0.25, 1],
      [0.75, 1],
    ],
  });
  expect(hostMetrics(spec, start).map(({ series, point }) => [series.name, point.sum])).toEqual([
    ['HealthyHostCount', 1],
    ['UnHealthyHostCount', 1],
  ]);
});

/** Metrics as text: the dimensions' values, of a zone in brackets, and the sum. */
function told(data: readonly MetricDatum[]): string[] {
  return data
    .map(({ series: { namespace, name, dimensions }, point }) => {
      const of = dimensions.map((each) => (each.name === 'AvailabilityZone' ? `[${each.value}]` : each.name)).join(' ');
      return `${namespace} ${name} ${of}: ${point.sum}`;
    })
    .toSorted();
}

test('hosts and failed handshakes are also counted by zone', () => {
  const zoned = groupSpec('web', [
    targetSpec(80, { id: 'a', zone: 'x', lastHealth: 'healthy' }),
    targetSpec(80, { id: 'b', zone: 'y', lastHealth: 'unhealthy' }),
    targetSpec(80, { id: 'arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/app/a/1' }),
  ]);
  const of = networkSpec({ name: 'net', zones: { '127.0.0.1': 'x', '127.0.0.2': 'y' }, targetGroups: [zoned] });
  const connections = {
    active: 3,
    opened: 4,
    tlsErrors: [
      { address: '127.0.0.1', count: 2 },
      { address: '127.0.0.2', count: 1 },
    ],
    targetTlsErrors: 0,
  };
  expect(told([...hostMetrics(of, start), ...connectionMetrics(of, connections, start)])).toEqual([
    'AWS/NetworkELB ClientTLSNegotiationErrorCount LoadBalancer: 3',
    'AWS/NetworkELB ClientTLSNegotiationErrorCount [x] LoadBalancer: 2',
    'AWS/NetworkELB ClientTLSNegotiationErrorCount [y] LoadBalancer: 1',
    'AWS/NetworkELB HealthyHostCount LoadBalancer TargetGroup: 1',
    'AWS/NetworkELB HealthyHostCount [x] LoadBalancer TargetGroup: 1',
    'AWS/NetworkELB HealthyHostCount [y] LoadBalancer TargetGroup: 0',
    'AWS/NetworkELB UnHealthyHostCount LoadBalancer TargetGroup: 1',
    'AWS/NetworkELB UnHealthyHostCount [x] LoadBalancer TargetGroup: 0',
    'AWS/NetworkELB UnHealthyHostCount [y] LoadBalancer TargetGroup: 1',
  ]);
  expect(told(connectionMetrics(spec, { ...connections, tlsErrors: [], targetTlsErrors: 1 }, start))).toEqual([
    'AWS/ApplicationELB ActiveConnectionCount LoadBalancer: 3',
    'AWS/ApplicationELB NewConnectionCount LoadBalancer: 4',
    'AWS/ApplicationELB TargetTLSNegotiationErrorCount LoadBalancer: 1',
  ]);
});

const flowing = networkSpec({ name: 'net', zones: { '127.0.0.1': 'x', '127.0.0.2': 'y' } });
const made = { opened: 2, packets: 10, bytes: 1000, clientResets: 1, targetResets: 0, balancerResets: 0 };

test('flows become the metrics of ELB', () => {
  const report = {
    sequence: 1,
    figures: [
      { ...made, address: '127.0.0.1', protocol: 'TCP', port: 80 },
      { ...made, address: '127.0.0.2', protocol: 'TLS', port: 443, clientResets: 0, balancerResets: 3 },
    ],
    active: [{ address: '127.0.0.1', protocol: 'UDP', port: 53, flows: 0 }],
  } as const;
  expect(told(flowMetrics(flowing, report, start))).toMatchInlineSnapshot(`
    [
      "AWS/NetworkELB ActiveFlowCount LoadBalancer: 0",
      "AWS/NetworkELB ActiveFlowCount [x] LoadBalancer: 0",
      "AWS/NetworkELB ActiveFlowCount_UDP LoadBalancer: 0",
      "AWS/NetworkELB ActiveFlowCount_UDP [x] LoadBalancer: 0",
      "AWS/NetworkELB NewFlowCount LoadBalancer: 4",
      "AWS/NetworkELB NewFlowCount [x] LoadBalancer: 2",
      "AWS/NetworkELB NewFlowCount [y] LoadBalancer: 2",
      "AWS/NetworkELB NewFlowCount_TCP LoadBalancer: 2",
      "AWS/NetworkELB NewFlowCount_TCP [x] LoadBalancer: 2",
      "AWS/NetworkELB NewFlowCount_TLS LoadBalancer: 2",
      "AWS/NetworkELB NewFlowCount_TLS [y] LoadBalancer: 2",
      "AWS/NetworkELB ProcessedBytes LoadBalancer: 2000",
      "AWS/NetworkELB ProcessedBytes [x] LoadBalancer: 1000",
      "AWS/NetworkELB ProcessedBytes [y] LoadBalancer: 1000",
      "AWS/NetworkELB ProcessedBytes_TCP LoadBalancer: 1000",
      "AWS/NetworkELB ProcessedBytes_TCP [x] LoadBalancer: 1000",
      "AWS/NetworkELB ProcessedBytes_TLS LoadBalancer: 1000",
      "AWS/NetworkELB ProcessedBytes_TLS [y] LoadBalancer: 1000",
      "AWS/NetworkELB ProcessedPackets LoadBalancer: 20",
      "AWS/NetworkELB ProcessedPackets [x] LoadBalancer: 10",
      "AWS/NetworkELB ProcessedPackets [y] LoadBalancer: 10",
      "AWS/NetworkELB TCP_Client_Reset_Count LoadBalancer: 1",
      "AWS/NetworkELB TCP_Client_Reset_Count [x] LoadBalancer: 1",
      "AWS/NetworkELB TCP_ELB_Reset_Count LoadBalancer: 3",
      "AWS/NetworkELB TCP_ELB_Reset_Count [y] LoadBalancer: 3",
    ]
  `);
});

describe('the reporter', () => {
  let clock: FakeClock;
  let driver: FakeBalancerDriver;
  let taken: Map<string, number>;
  let reports: RequestReport[];
  let fails: number;
  const arn = spec.loadBalancerArn;

  beforeEach(() => {
    clock = new FakeClock(start);
    driver = new FakeBalancerDriver();
    taken = new Map();
    reports = [];
    fails = 0;
  });

  const report = (of: BalancerSpec): RequestReporter =>
    new RequestReporter(
      {
        driver,
        clock,
        log: silentLog,
        sink: {
          taken: (id) => Promise.resolve(taken.get(id) ?? 0),
          take: (each) => {
            if (fails > 0) return Promise.reject(new Error(`full ${fails--}`));
            if (each.kind === 'metrics') {
              const { id, sequence } = each.source;
              if ((taken.get(id) ?? 0) >= sequence) return Promise.resolve();
              taken.set(id, sequence);
            }
            reports.push(each);
            return Promise.resolve();
          },
        },
      },
      of,
    );
  const note = (...lines: string[]): void => void driver.noted.set(arn, [...(driver.noted.get(arn) ?? []), ...lines]);
  const counted = (): number =>
    reports.reduce((sum, each) => {
      if (each.kind !== 'metrics') return sum;
      const requests = each.data.find(({ series }) => series.name === 'RequestCount' && series.dimensions.length === 1);
      return sum + (requests?.point.sum ?? 0);
    }, 0);
  const logs = (): [string, number][] =>
    reports.flatMap((each) =>
      each.kind === 'access-log' && each.key.endsWith('.gz')
        ? [[each.key, gunzipSync(each.body).toString().trim().split('\n').length] as [string, number]]
        : [],
    );
  /** Everything but compression runs on the clock; that is waited for. */
  const pass = async (ms: number): Promise<void> => {
    await clock.advance(ms);
    for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
  };

  test('tells metrics every minute and a log every five, each line once', async () => {
    const reporter = report(logged);
    note(lineOf(), lineOf(), 'Proxy listener_80 stopped');
    await pass(29_999);
    expect(reports).toEqual([]);
    await pass(1);
    expect(counted()).toBe(2);
    expect(logs()).toEqual([]);
    note(lineOf());
    for (let minute = 0; minute < 4; minute++) await pass(60_000);
    expect(counted()).toBe(3);
    await expect
      .poll(logs)
      .toEqual([
        [
          expect.stringMatching(
            /^a\/b\/AWSLogs\/000000000000\/elasticloadbalancing\/us-east-1\/2026\/01\/01\/000000000000_elasticloadbalancing_us-east-1_app\.shop\.0123456789abcdef_20260101T1205Z_10\.0\.0\.5_[0-9a-f]{8}\.log\.gz$/,
          ),
          3,
        ],
      ]);
    await expect.poll(() => driver.freed.get(arn)).toBe(4);
    for (let minute = 0; minute < 5; minute++) await pass(60_000);
    expect(logs()).toHaveLength(1);
    reporter.stop();
  });

  test('tells again what was not taken, and nothing twice after a restart', async () => {
    const first = report(logged);
    note(lineOf());
    fails = 1;
    await pass(30_000);
    expect(counted()).toBe(0);
    await pass(60_000);
    expect(counted()).toBe(1);
    first.stop();
    note(lineOf());
    const second = report(logged);
    await pass(60_000);
    expect(counted()).toBe(2);
    await second.finish();
    expect(logs().map(([, lines]) => lines)).toEqual([2]);
    await report(logged).finish();
    expect([counted(), logs().length]).toEqual([2, 1]);
  });

  test('tells which targets answer oddly, gives them less, and takes it back', async () => {
    const of = groupSpec(
      'web',
      [1, 2, 3].map((port) => targetSpec(port, { id: '10.0.0.1', address: '10.0.0.1', lastHealth: 'healthy' })),
      {
        attributes: {
          'load_balancing.algorithm.type': 'weighted_random',
          'load_balancing.algorithm.anomaly_mitigation': 'on',
        },
      },
    );
    const reporter = report({ ...spec, targetGroups: [of] });
    const answers = (failing: number | undefined): void => {
      for (let nth = 0; nth < 45; nth++) {
        const targetPort = 1 + (nth % 3);
        const status = targetPort === failing ? 500 : 200;
        note(lineOf({ targetPort, status, targetStatus: status }));
      }
    };
    const anomalies = (): unknown => reports.findLast((each) => each.kind === 'anomalies');
    answers(2);
    await pass(30_000);
    const odd = { targetGroupArn: of.targetGroupArn, id: '10.0.0.1', port: 2, mitigated: true };
    expect(anomalies()).toMatchObject({ targetGroupArns: [of.targetGroupArn], anomalous: [odd] });
    expect([...driver.weights]).toEqual([
      ['10.0.0.1:1', 100],
      ['10.0.0.1:2', 10],
      ['10.0.0.1:3', 100],
    ]);
    answers(undefined);
    await pass(60_000);
    expect(anomalies()).toMatchObject({ anomalous: [] });
    expect(driver.weights.get('10.0.0.1:2')).toBe(100);
    reporter.stop();
  });

  test('tells the figures of flows once, whatever is not taken', async () => {
    const { loadBalancerArn } = flowing;
    const sums = (): number[] =>
      reports.flatMap((each) =>
        each.kind === 'metrics'
          ? each.data
              .filter(({ series }) => series.name === 'NewFlowCount' && series.dimensions.length === 1)
              .map(({ point }) => point.sum)
          : [],
      );
    driver.flowing.set(loadBalancerArn, [
      { sequence: 1, figures: [{ ...made, address: '127.0.0.1', protocol: 'TCP', port: 80 }], active: [] },
      { sequence: 2, figures: [{ ...made, opened: 7, address: '127.0.0.1', protocol: 'TCP', port: 80 }], active: [] },
    ]);
    const first = report(flowing);
    fails = 1;
    await pass(30_000);
    expect(sums()).toEqual([]);
    await pass(60_000);
    first.stop();
    const second = report(flowing);
    await pass(120_000);
    second.stop();
    expect(sums()).toEqual([2, 7]);
  });

  test('delivers connection logs beside access logs, each from when it is switched on', async () => {
    const reporter = report(logged);
    note(lineOf(), lineOf({ nth: 2 }));
    await pass(30_000);
    const connections = { 'connection_logs.s3.enabled': 'true', 'connection_logs.s3.bucket': 'other' };
    reporter.update({ ...logged, attributes: { ...logged.attributes, ...connections } });
    await pass(0);
    note(lineOf(), lineOf({ nth: 2 }));
    await reporter.finish();
    expect(counted()).toBe(4);
    expect(logs().map(([key, lines]) => [key.includes('/conn_log.000000000000_elasticloadbalancing_'), lines])).toEqual(
      [
        [false, 4],
        [true, 1],
      ],
    );
    const key = 'AWSLogs/000000000000/ELBConnectionLogTestFile';
    expect(reports).toContainEqual(expect.objectContaining({ bucket: 'other', key }));
  });

  test('tells what is noted as the load balancer ends', async () => {
    const reporter = report(logged);
    note(lineOf());
    driver.noteAtEnd.set(arn, [lineOf({ ending: 'KD' })]);
    await reporter.finish();
    expect([counted(), logs().map(([, lines]) => lines)]).toEqual([2, [2]]);
  });

  test('logs from when logging is switched on', async () => {
    const reporter = report(spec);
    note(lineOf(), lineOf());
    await pass(30_000);
    reporter.update(logged);
    await pass(0);
    note(lineOf());
    await reporter.finish();
    expect(counted()).toBe(3);
    expect(logs().map(([, lines]) => lines)).toEqual([1]);
    expect(reports).toContainEqual(
      expect.objectContaining({ bucket: 'logs', key: 'a/b/AWSLogs/000000000000/ELBAccessLogTestFile' }),
    );
  });
});
