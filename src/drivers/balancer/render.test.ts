import { describe, expect, test } from 'vitest';
import type { ActionSpec, ConditionSpec } from '../../wire/balancer-spec.ts';
import { render, type RenderContext } from './render.ts';
import { balancerSpec, forwardTo, groupSpec, listenerSpec, targetSpec } from './spec-for-tests.ts';

const context: RenderContext = {
  directory: '/run/stowage/lb',
  sourceFromBalancer: true,
  threads: 2,
  maxConnections: 1000,
  runAs: { uid: 65_534, gid: 65_534 },
  inRotation: new Set(['tg_web_0123456789abcdef/10.0.1.7:8080']),
};
const web = groupSpec('web', [
  targetSpec(8080, { id: '10.0.1.7', address: '10.0.1.7' }),
  targetSpec(32_768, { id: 'i-0abc', address: '10.0.1.9' }),
]);

/** The lines of one section, without those that every balancer has. */
function sectionOf(config: string, title: string): string {
  const lines = config.split('\n');
  const start = lines.findIndex((line) => line.startsWith(title));
  const length = lines.slice(start + 1).findIndex((line) => !line.startsWith('  '));
  return lines.slice(start, start + 1 + length).join('\n');
}

test('renders a balancer with one listener and one group', () => {
  const spec = balancerSpec({
    name: 'shop',
    addresses: ['10.0.1.5', '10.0.2.5'],
    attributes: { 'idle_timeout.timeout_seconds': '120' },
    listeners: [listenerSpec(80, forwardTo(web))],
    targetGroups: [web],
  });
  expect(render(spec, context).config).toMatchInlineSnapshot(`
    "global
      uid 65534
      gid 65534
      nbthread 2
      maxconn 1000
      tune.bufsize 65536
      tune.http.maxhdr 256
    listen probe
      mode tcp
      timeout connect 125s
      timeout client 125s
      timeout server 125s
      retries 0
      source 10.0.1.5
      bind unix@/run/stowage/lb/probe.sock mode 600 accept-proxy
      server target 0.0.0.0:0
    defaults
      mode http
      timeout connect 10s
      timeout client 120s
      timeout server 120s
      timeout tunnel 120s
      timeout http-keep-alive 120s
      timeout http-request 60s
      option idle-close-on-response
      retries 1
      option redispatch 1
      source 10.0.1.5
      http-error status 400 content-type text/html string '<html>'\\x0d\\x0a'<head><title>400 Bad Request</title></head>'\\x0d\\x0a'<body>'\\x0d\\x0a'<center><h1>400 Bad Request</h1></center>'\\x0d\\x0a'</body>'\\x0d\\x0a'</html>'\\x0d\\x0a hdr Server awselb/2.0
      http-error status 403 content-type text/html string '<html>'\\x0d\\x0a'<head><title>403 Forbidden</title></head>'\\x0d\\x0a'<body>'\\x0d\\x0a'<center><h1>403 Forbidden</h1></center>'\\x0d\\x0a'</body>'\\x0d\\x0a'</html>'\\x0d\\x0a hdr Server awselb/2.0
      http-error status 405 content-type text/html string '<html>'\\x0d\\x0a'<head><title>405 Not Allowed</title></head>'\\x0d\\x0a'<body>'\\x0d\\x0a'<center><h1>405 Not Allowed</h1></center>'\\x0d\\x0a'</body>'\\x0d\\x0a'</html>'\\x0d\\x0a hdr Server awselb/2.0
      http-error status 408 content-type text/html string '<html>'\\x0d\\x0a'<head><title>408 Request Time-out</title></head>'\\x0d\\x0a'<body>'\\x0d\\x0a'<center><h1>408 Request Time-out</h1></center>'\\x0d\\x0a'</body>'\\x0d\\x0a'</html>'\\x0d\\x0a hdr Server awselb/2.0
      http-error status 413 content-type text/html string '<html>'\\x0d\\x0a'<head><title>413 Request Entity Too Large</title></head>'\\x0d\\x0a'<body>'\\x0d\\x0a'<center><h1>413 Request Entity Too Large</h1></center>'\\x0d\\x0a'</body>'\\x0d\\x0a'</html>'\\x0d\\x0a hdr Server awselb/2.0
      http-error status 500 content-type text/html string '<html>'\\x0d\\x0a'<head><title>500 Internal Server Error</title></head>'\\x0d\\x0a'<body>'\\x0d\\x0a'<center><h1>500 Internal Server Error</h1></center>'\\x0d\\x0a'</body>'\\x0d\\x0a'</html>'\\x0d\\x0a hdr Server awselb/2.0
      http-error status 502 content-type text/html string '<html>'\\x0d\\x0a'<head><title>502 Bad Gateway</title></head>'\\x0d\\x0a'<body>'\\x0d\\x0a'<center><h1>502 Bad Gateway</h1></center>'\\x0d\\x0a'</body>'\\x0d\\x0a'</html>'\\x0d\\x0a hdr Server awselb/2.0
      http-error status 503 content-type text/html string '<html>'\\x0d\\x0a'<head><title>503 Service Temporarily Unavailable</title></head>'\\x0d\\x0a'<body>'\\x0d\\x0a'<center><h1>503 Service Temporarily Unavailable</h1></center>'\\x0d\\x0a'</body>'\\x0d\\x0a'</html>'\\x0d\\x0a hdr Server awselb/2.0
      http-error status 504 content-type text/html string '<html>'\\x0d\\x0a'<head><title>504 Gateway Time-out</title></head>'\\x0d\\x0a'<body>'\\x0d\\x0a'<center><h1>504 Gateway Time-out</h1></center>'\\x0d\\x0a'</body>'\\x0d\\x0a'</html>'\\x0d\\x0a hdr Server awselb/2.0
    frontend listener_80
      option socket-stats
      bind 10.0.1.5:80 name 10.0.1.5
      bind 10.0.2.5:80 name 10.0.2.5
      tcp-request connection set-var(sess.until) date(3600)
      http-after-response set-header Connection close if { date,sub(sess.until) -m int gt 0 }
      log stdout len 16384 format raw local0
      option dontlognull
      log-format "%[var(sess.id)]\\t%[var(sess.requests)]\\t%[var(txn.began)]\\t%[date(0,us)]\\t%ci\\t%cp\\t%si\\t%sp\\t%TR\\t%Tw\\t%Tc\\t%Tr\\t%ST\\t%[var(txn.status)]\\t%U\\t%B\\t%HM\\t%HV\\t%sslc\\t%sslv\\t%[var(sess.certificate)]\\t%fp\\t%b\\t%[var(txn.rule)]\\t%ts\\t%[var(txn.trace)]\\t%[var(sess.name)]\\t%[var(txn.location)]\\t%[var(txn.host_asked)]\\t%[var(txn.url_asked)]\\t%[var(txn.agent)]\\t%fi\\t%[var(sess.accepted)]\\t%Th"
      error-log-format "failed\\t%[date(0,us)]\\t%ci\\t%cp\\t%fi\\t%fp\\t%[ssl_fc_err]"
      tcp-request connection set-var(sess.id) uuid
      tcp-request connection set-var(sess.accepted) date(0,us)
      tcp-request connection set-var(sess.requests) int(0)
      http-request set-var(txn.began) date(0,us)
      http-request set-var(sess.requests) var(sess.requests),add(1)
      http-request set-var(txn.host_asked) req.hdr(host),url_enc
      http-request set-var(txn.url_asked) url,url_enc
      http-request set-var(txn.agent) req.hdr(user-agent),url_enc
      http-response set-var(txn.status) status
      unique-id-format %{+X}Ts
      http-request set-header X-Amzn-Trace-Id "Self=1-%[unique-id,lower]-%[uuid,regsub(-,,g),bytes(0,24)];%[req.hdr(X-Amzn-Trace-Id)]" if { req.hdr(X-Amzn-Trace-Id) -m sub Root= }
      http-request set-header X-Amzn-Trace-Id "Root=1-%[unique-id,lower]-%[uuid,regsub(-,,g),bytes(0,24)]" unless { req.hdr(X-Amzn-Trace-Id) -m sub Root= }
      http-request set-var(txn.trace) req.hdr(x-amzn-trace-id),url_enc
      http-request set-header Host %[req.fhdr(Host),field(1,:)] if { req.fhdr(Host) -m sub : }
      http-request set-header X-Forwarded-For "%[req.fhdr(X-Forwarded-For)], %[src]" if { req.fhdr_cnt(X-Forwarded-For) -m int 1 }
      http-request add-header X-Forwarded-For %[src] unless { req.fhdr_cnt(X-Forwarded-For) -m int 1 }
      http-request set-header X-Forwarded-Proto http
      http-request set-header X-Forwarded-Port 80
      use_backend tg_web_0123456789abcdef
    backend tg_web_0123456789abcdef
      balance roundrobin
      http-request return status 503 content-type text/html string '<html>'\\x0d\\x0a'<head><title>503 Service Temporarily Unavailable</title></head>'\\x0d\\x0a'<body>'\\x0d\\x0a'<center><h1>503 Service Temporarily Unavailable</h1></center>'\\x0d\\x0a'</body>'\\x0d\\x0a'</html>'\\x0d\\x0a hdr Server awselb/2.0 if { be_conn_free(tg_web_0123456789abcdef) -m int 0 }
      errorfile 503 /run/stowage/lb/bad-gateway.http
      http-request return status 464 content-type text/html string '<html>'\\x0d\\x0a'<head><title>464</title></head>'\\x0d\\x0a'<body>'\\x0d\\x0a'<center><h1>464</h1></center>'\\x0d\\x0a'</body>'\\x0d\\x0a'</html>'\\x0d\\x0a hdr Server awselb/2.0 if { fc_http_major 2 } { req.hdr(content-type) -m beg application/grpc }
      server 10.0.1.7:8080 10.0.1.7:8080
      server i-0abc:32768:10.0.1.9 10.0.1.9:32768 disabled
    "
  `);
});

test('tells servers from structure', () => {
  const spec = balancerSpec({ name: 'shop', listeners: [listenerSpec(80, forwardTo(web))], targetGroups: [web] });
  const fewer = { ...spec, targetGroups: [{ ...web, targets: web.targets.slice(1) }] };
  expect(render(fewer, context).structure).toBe(render(spec, context).structure);
  expect(render(fewer, context).config).not.toBe(render(spec, context).config);
  const other = { ...spec, listeners: [listenerSpec(81, forwardTo(web))] };
  expect(render(other, context).structure).not.toBe(render(spec, context).structure);
});

test('renders what attributes ask for', () => {
  const sticky = groupSpec('web', [], {
    attributes: {
      'load_balancing.algorithm.type': 'least_outstanding_requests',
      'stickiness.enabled': 'true',
      'stickiness.type': 'lb_cookie',
      'stickiness.lb_cookie.duration_seconds': '300',
    },
  });
  const spec = balancerSpec({
    name: 'shop',
    attributes: {
      'client_keep_alive.seconds': '60',
      'routing.http.xff_client_port.enabled': 'true',
      'routing.http.drop_invalid_header_fields.enabled': 'true',
    },
    listeners: [
      {
        ...listenerSpec(80, forwardTo(sticky)),
        attributes: {
          'routing.http.response.server.enabled': 'false',
          'routing.http.response.strict_transport_security.header_value': 'max-age=100%',
          'routing.http.response.x_frame_options.header_value': '',
        },
      },
    ],
    targetGroups: [sticky],
  });
  const { config } = render(spec, context);
  expect(sectionOf(config, 'backend')).toMatchInlineSnapshot(`
    "backend tg_web_0123456789abcdef
      balance leastconn
      http-request return status 503 content-type text/html string '<html>'\\x0d\\x0a'<head><title>503 Service Temporarily Unavailable</title></head>'\\x0d\\x0a'<body>'\\x0d\\x0a'<center><h1>503 Service Temporarily Unavailable</h1></center>'\\x0d\\x0a'</body>'\\x0d\\x0a'</html>'\\x0d\\x0a hdr Server awselb/2.0 if { be_conn_free(tg_web_0123456789abcdef) -m int 0 }
      errorfile 503 /run/stowage/lb/bad-gateway.http
      http-request return status 464 content-type text/html string '<html>'\\x0d\\x0a'<head><title>464</title></head>'\\x0d\\x0a'<body>'\\x0d\\x0a'<center><h1>464</h1></center>'\\x0d\\x0a'</body>'\\x0d\\x0a'</html>'\\x0d\\x0a hdr Server awselb/2.0 if { fc_http_major 2 } { req.hdr(content-type) -m beg application/grpc }
      http-request set-var(txn.now) date
      http-request set-var(txn.cookie) req.cook(AWSALB),b64dec
      http-request set-var(txn.until) date(300)
      http-request set-var(txn.server) var(txn.cookie),field(1,~) if { var(txn.cookie),field(2,~),sub(txn.now) -m int gt 0 }
      use-server %[var(txn.server)] if { var(txn.server) -m found }
      http-response add-header Set-Cookie "AWSALB=%[srv_name,concat(~,txn.until),base64]; Expires=%[date(604800),http_date]; Path=/"
      http-response add-header Set-Cookie "AWSALBCORS=%[srv_name,concat(~,txn.until),base64]; Expires=%[date(604800),http_date]; Path=/; SameSite=None; Secure" if { ssl_fc }
      http-response add-header Set-Cookie "AWSALBCORS=%[srv_name,concat(~,txn.until),base64]; Expires=%[date(604800),http_date]; Path=/; SameSite=None" unless { ssl_fc }"
  `);
  expect(sectionOf(config, 'frontend')).toMatchInlineSnapshot(`
    "frontend listener_80
      option socket-stats
      bind 127.0.0.1:80 name 127.0.0.1
      tcp-request connection set-var(sess.until) date(60)
      http-after-response set-header Connection close if { date,sub(sess.until) -m int gt 0 }
      log stdout len 16384 format raw local0
      option dontlognull
      log-format "%[var(sess.id)]\\t%[var(sess.requests)]\\t%[var(txn.began)]\\t%[date(0,us)]\\t%ci\\t%cp\\t%si\\t%sp\\t%TR\\t%Tw\\t%Tc\\t%Tr\\t%ST\\t%[var(txn.status)]\\t%U\\t%B\\t%HM\\t%HV\\t%sslc\\t%sslv\\t%[var(sess.certificate)]\\t%fp\\t%b\\t%[var(txn.rule)]\\t%ts\\t%[var(txn.trace)]\\t%[var(sess.name)]\\t%[var(txn.location)]\\t%[var(txn.host_asked)]\\t%[var(txn.url_asked)]\\t%[var(txn.agent)]\\t%fi\\t%[var(sess.accepted)]\\t%Th"
      error-log-format "failed\\t%[date(0,us)]\\t%ci\\t%cp\\t%fi\\t%fp\\t%[ssl_fc_err]"
      tcp-request connection set-var(sess.id) uuid
      tcp-request connection set-var(sess.accepted) date(0,us)
      tcp-request connection set-var(sess.requests) int(0)
      http-request set-var(txn.began) date(0,us)
      http-request set-var(sess.requests) var(sess.requests),add(1)
      http-request set-var(txn.host_asked) req.hdr(host),url_enc
      http-request set-var(txn.url_asked) url,url_enc
      http-request set-var(txn.agent) req.hdr(user-agent),url_enc
      http-response set-var(txn.status) status
      unique-id-format %{+X}Ts
      http-request set-header X-Amzn-Trace-Id "Self=1-%[unique-id,lower]-%[uuid,regsub(-,,g),bytes(0,24)];%[req.hdr(X-Amzn-Trace-Id)]" if { req.hdr(X-Amzn-Trace-Id) -m sub Root= }
      http-request set-header X-Amzn-Trace-Id "Root=1-%[unique-id,lower]-%[uuid,regsub(-,,g),bytes(0,24)]" unless { req.hdr(X-Amzn-Trace-Id) -m sub Root= }
      http-request set-var(txn.trace) req.hdr(x-amzn-trace-id),url_enc
      http-request set-header Host %[req.fhdr(Host),field(1,:)] if { req.fhdr(Host) -m sub : }
      http-request del-header '[^A-Za-z0-9-]' -m reg
      http-request set-header X-Forwarded-For "%[req.fhdr(X-Forwarded-For)], %[src]:%[src_port]" if { req.fhdr_cnt(X-Forwarded-For) -m int 1 }
      http-request add-header X-Forwarded-For %[src]:%[src_port] unless { req.fhdr_cnt(X-Forwarded-For) -m int 1 }
      http-request set-header X-Forwarded-Proto http
      http-request set-header X-Forwarded-Port 80
      http-after-response set-header strict-transport-security 'max-age=100%%'
      http-after-response del-header Server
      use_backend tg_web_0123456789abcdef"
  `);
});

describe('rules', () => {
  const rulesOf = (conditions: readonly ConditionSpec[], action: ActionSpec): string => {
    const spec = balancerSpec({
      name: 'shop',
      attributes: { 'routing.http.xff_header_processing.mode': 'preserve' },
      listeners: [listenerSpec(80, { conditions, action }, forwardTo(web))],
      targetGroups: [web],
    });
    const lines = sectionOf(render(spec, context).config, 'frontend').split('\n');
    return lines
      .filter(
        (line) => /acl|txn\.rule|txn\.draw|use_backend|http-request return/.test(line) && !/log-format/.test(line),
      )
      .join('\n');
  };
  const fixed: ActionSpec = { type: 'fixed-response', statusCode: 404, contentType: 'text/plain', body: '' };

  test('conditions', () => {
    const conditions: ConditionSpec[] = [
      { field: 'path-pattern', values: ['/exact', '/a*b?.c'] },
      { field: 'host-header', values: ['*.example.com'] },
      { field: 'http-header', name: 'User-Agent', values: ["*it's*"] },
      { field: 'http-request-method', values: ['GET', 'HEAD'] },
      { field: 'query-string', values: [{ key: 'v', value: '1' }, { value: '*x' }] },
      { field: 'source-ip', values: ['10.0.0.0/8'] },
    ];
    expect(rulesOf(conditions, fixed)).toMatchInlineSnapshot(`
      "  acl rule1_0 path -m str -- /exact
        acl rule1_0 path -m reg -- '^/a.*b.\\.c$'
        acl rule1_1 'req.hdr(host),field(1,:)' -i -m end -- .example.com
        acl rule1_2 'req.fhdr("User-Agent")' -i -m reg -- '^.*it'\\x27's.*$'
        acl rule1_3 method -- GET
        acl rule1_3 method -- HEAD
        acl rule1_4 query -i -m reg -- '(^|&)v=1(&|$)'
        acl rule1_4 query -i -m reg -- '(^|&)([^&=]*=)?[^&]*x(&|$)'
        acl rule1_5 src -- 10.0.0.0/8
        http-request set-var(txn.rule) int(1) if rule1_0 rule1_1 rule1_2 rule1_3 rule1_4 rule1_5
        http-request return status 404 hdr Server awselb/2.0 if { var(txn.rule) -m int 1 }
        use_backend tg_web_0123456789abcdef if !{ var(txn.rule) -m found }"
    `);
  });

  test('nothing that a user writes leaves its word', () => {
    const evil = `x'\n  http-request deny\r"$HOME\\ # %[src]`;
    const conditions: ConditionSpec[] = [
      { field: 'path-pattern', values: [evil] },
      { field: 'query-string', values: [{ key: evil, value: evil }] },
    ];
    expect(rulesOf(conditions, { ...fixed, body: evil })).toMatchInlineSnapshot(`
      "  acl rule1_0 path -m str -- 'x'\\x27\\x0a'  http-request deny'\\x0d'"$HOME\\ # %[src]'
        acl rule1_1 query -i -m reg -- '(^|&)x'\\x27\\x0a'  http-request deny'\\x0d'"\\$HOME\\\\ # %\\[src\\]=x'\\x27\\x0a'  http-request deny'\\x0d'"\\$HOME\\\\ # %\\[src\\](&|$)'
        http-request set-var(txn.rule) int(1) if rule1_0 rule1_1
        http-request return status 404 content-type text/plain string 'x'\\x27\\x0a'  http-request deny'\\x0d'"$HOME\\ # %[src]' hdr Server awselb/2.0 if { var(txn.rule) -m int 1 }
        use_backend tg_web_0123456789abcdef if !{ var(txn.rule) -m found }"
    `);
    expect(() => rulesOf([{ field: 'http-header', name: evil, values: ['x'] }], fixed)).toThrow('not a header name');
    expect(() => rulesOf([{ field: 'path-pattern', values: ['a\0'] }], fixed)).toThrow('NUL');
    const redirect = {
      type: 'redirect',
      statusCode: 302,
      protocol: 'HTTP',
      host: 'h',
      port: '80',
      path: '/',
      query: '',
    } as const;
    for (const part of ['protocol', 'host', 'port', 'path', 'query']) {
      expect(() => rulesOf([], { ...redirect, [part]: evil })).toThrow('cannot stand in a header');
    }
    expect(() => rulesOf([], { ...fixed, body: 'x', contentType: evil })).toThrow('cannot stand in a header');
    expect(rulesOf([], { ...redirect, path: `/'"$HOME\\ # %[src]` })).toContain(
      `'http://h:80/'\\x27'"$HOME\\ # %%[src]'`,
    );
  });

  test('weights', () => {
    const green = groupSpec('green', []);
    const off = groupSpec('off', []);
    const forward = (weights: readonly number[], stickinessSeconds?: number): ActionSpec => ({
      type: 'forward',
      targetGroups: [web, green, off].map(({ targetGroupArn }, i) => ({ targetGroupArn, weight: weights[i] ?? 0 })),
      ...(stickinessSeconds === undefined ? {} : { stickinessSeconds }),
    });
    const path: ConditionSpec[] = [{ field: 'path-pattern', values: ['/'] }];
    expect(rulesOf(path, forward([3, 2, 0]))).toMatchInlineSnapshot(`
      "  acl rule1_0 path -m str -- /
        http-request set-var(txn.rule) int(1) if rule1_0
        http-request set-var(txn.draw) rand(5) if { var(txn.rule) -m int 1 }
        use_backend tg_web_0123456789abcdef if { var(txn.rule) -m int 1 } { var(txn.draw) -m int lt 3 }
        use_backend tg_green_0123456789abcdef if { var(txn.rule) -m int 1 } { var(txn.draw) -m int lt 5 }
        use_backend tg_web_0123456789abcdef if !{ var(txn.rule) -m found }"
    `);
    expect(rulesOf(path, forward([0, 2, 0]))).toMatchInlineSnapshot(`
      "  acl rule1_0 path -m str -- /
        http-request set-var(txn.rule) int(1) if rule1_0
        use_backend tg_green_0123456789abcdef if { var(txn.rule) -m int 1 }
        use_backend tg_web_0123456789abcdef if !{ var(txn.rule) -m found }"
    `);
    expect(rulesOf(path, forward([0, 0, 0]))).toContain('http-request return status 503');
    expect(rulesOf(path, forward([1, 1, 0], 60))).toContain('var(txn.group_cookie),field(1,~) -m str tg_green');
  });
});

test('refuses what it does not carry', () => {
  const spec = balancerSpec({ name: 'shop' });
  expect(() => render({ ...spec, addresses: ['::1'], listeners: [listenerSpec(80, forwardTo(web))] }, context)).toThrow(
    'IPv4',
  );
  const tls = { ...listenerSpec(443, forwardTo(web)), protocol: 'HTTPS' as const };
  expect(() => render({ ...spec, listeners: [tls] }, context)).toThrow('the listener on port 443 has no certificate');
});
