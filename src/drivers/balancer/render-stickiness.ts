import type { TargetGroupSpec, WaySpec } from '../../wire/balancer-spec.ts';
import { headerArgument, quote } from './quote.ts';

/** ELB's cookies expire after seven days, whatever duration they carry inside. */
export const cookieTail = 'Expires=%[date(604800),http_date]; Path=/';

/**
 * The lines of a group's backend by which a client stays with its target ("Sticky sessions", ELB). The cookie names the target
 * and the second until which it binds. HAProxy's own cookie persistence is refused on servers added at run time; `use-server` is not.
 */
export function renderStickiness(group: TargetGroupSpec): string[] {
  const { attributes } = group;
  if (attributes['stickiness.enabled'] !== 'true') return [];
  return attributes['stickiness.type'] === 'app_cookie' ? renderByApplication(group) : renderByDuration(group);
}

const fresh = '{ var(txn.cookie),field(2,~),sub(txn.now) -m int gt 0 }';

/** By duration: AWSALB is renewed with every answer. */
function renderByDuration({ attributes }: TargetGroupSpec): string[] {
  const seconds = Number(attributes['stickiness.lb_cookie.duration_seconds'] ?? 86_400);
  const value = `%[srv_name,concat(~,txn.until),base64]; ${cookieTail}`;
  return [
    'http-request set-var(txn.now) date',
    'http-request set-var(txn.cookie) req.cook(AWSALB),b64dec',
    `http-request set-var(txn.until) date(${seconds})`,
    `http-request set-var(txn.server) var(txn.cookie),field(1,~) if ${fresh}`,
    'use-server %[var(txn.server)] if { var(txn.server) -m found }',
    `http-response add-header Set-Cookie "AWSALB=${value}"`,
    `http-response add-header Set-Cookie "AWSALBCORS=${value}; SameSite=None; Secure" if { ssl_fc }`,
    `http-response add-header Set-Cookie "AWSALBCORS=${value}; SameSite=None" unless { ssl_fc }`,
  ];
}

/**
 * By the application's cookie: whenever a target sets it, AWSALBAPP-0 names that target anew; a request binds that carries both. Without
 * either, AWSALBAPP is taken back, as ELB does with `_remove_`.
 */
function renderByApplication({ attributes }: TargetGroupSpec): string[] {
  const seconds = Number(attributes['stickiness.app_cookie.duration_seconds'] ?? 86_400);
  const name = headerArgument(attributes['stickiness.app_cookie.cookie_name'] ?? '');
  const [asked, set] = [`req.cook(${name})`, `res.cook(${name})`].map(quote);
  const value = `%[srv_name,concat(~,txn.until),base64]; ${cookieTail}`;
  const bound = '{ var(txn.until) -m found }';
  return [
    'http-request set-var(txn.now) date',
    'http-request set-var(txn.cookie) req.cook(AWSALBAPP-0),b64dec',
    `http-request set-var(txn.server) var(txn.cookie),field(1,~) if ${fresh} { ${asked} -m found }`,
    'http-request set-var(txn.until) var(txn.cookie),field(2,~) if { var(txn.server) -m found }',
    'use-server %[var(txn.server)] if { var(txn.server) -m found }',
    `http-response set-var(txn.until) date(${seconds}) if { ${set} -m found }`,
    `http-response add-header Set-Cookie "AWSALBAPP-0=${value}" if ${bound}`,
    `http-response add-header Set-Cookie "AWSALBAPP-0=_remove_; ${cookieTail}" unless ${bound}`,
    ...[1, 2, 3].map((part) => `http-response add-header Set-Cookie "AWSALBAPP-${part}=_remove_; ${cookieTail}"`),
  ];
}

/**
 * The same of a listener of a Classic Load Balancer ("Configure sticky sessions for your Classic Load Balancer", ELB User Guide): AWSELB
 * is set once and binds as long as its period says, or the application's cookie is there; and anew when the instance is gone.
 */
export function renderClassicStickiness({ stickiness }: WaySpec, isTls: boolean): string[] {
  if (stickiness === undefined) return [];
  const other = '!{ srv_name,strcmp(txn.server) eq 0 }';
  const bind = 'use-server %[var(txn.server)] if { var(txn.server) -m found }';
  const set = (age: string, when: string): string[] => {
    const value = `%[srv_name,concat(~,txn.until),base64];PATH=/${age}`;
    return [
      `http-response add-header Set-Cookie "AWSELB=${value}" if ${when}`,
      // Browsers take a cookie that other sites send, too, over HTTPS alone.
      ...(isTls ? [`http-response add-header Set-Cookie "AWSELBCORS=${value};SECURE;SAMESITE=None" if ${when}`] : []),
    ];
  };
  const cookie = 'http-request set-var(txn.cookie) req.cook(AWSELB),b64dec';
  if (stickiness.by === 'application') {
    const name = headerArgument(stickiness.cookie);
    const [asked, answered] = [`req.cook(${name})`, `res.cook(${name})`].map(quote);
    return [
      cookie,
      `http-request set-var(txn.server) var(txn.cookie),field(1,~) if { ${asked} -m found }`,
      bind,
      ...set('', `{ ${answered} -m found }`),
      ...set('', `!{ ${answered} -m found } { var(txn.server) -m found } ${other}`),
    ];
  }
  const { seconds } = stickiness;
  if (seconds === undefined) {
    return [cookie, 'http-request set-var(txn.server) var(txn.cookie),field(1,~)', bind, ...set('', other)];
  }
  return [
    'http-request set-var(txn.now) date',
    cookie,
    `http-request set-var(txn.until) date(${seconds})`,
    `http-request set-var(txn.server) var(txn.cookie),field(1,~) if ${fresh}`,
    bind,
    ...set(`;MAX-AGE=${seconds}`, other),
  ];
}
