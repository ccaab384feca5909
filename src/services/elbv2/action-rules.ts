import type { Action } from '@aws-sdk/client-elastic-load-balancing-v2';
import { AwsError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import type { LoadBalancer, TargetGroup } from '../../model/elbv2/load-balancing.ts';
import type { Reader } from '../../store/store.ts';
import { checkRange, elbErrors, notSupported } from './errors.ts';
import { readForwardGroup, readTuples, weighedTuples } from './forward-groups.ts';
import { limits } from './limits.ts';

const contentTypes = ['text/plain', 'text/css', 'text/html', 'application/javascript', 'application/json'];
const placeholder = /#\{(?:protocol|host|port|path|query)\}/g;

/**
 * The actions of a rule or listener, checked and with their defaults, as they are described afterwards. What is served has
 * one action, which answers: forward, redirect or fixed-response ("Action types for listener rules", ELB User Guide).
 */
export function readActions(
  reader: Reader,
  loadBalancer: LoadBalancer,
  actions: readonly Action[] | undefined,
): Action[] {
  const [action, ...more] = (actions ?? []).toSorted((a, b) => (a.Order ?? 0) - (b.Order ?? 0));
  if (action === undefined) throw elbErrors.validation('An action must be specified');
  for (const each of actions ?? []) {
    if (each.Order !== undefined) checkRange(each.Order, 'actions.order', 1, 50_000);
    if (each.Type !== 'forward' && each.Type !== 'redirect' && each.Type !== 'fixed-response') {
      throw notSupported(`An action of type '${String(each.Type)}'`);
    }
  }
  if (more.length > 0) {
    throw new AwsError(
      'InvalidLoadBalancerAction',
      "A rule must have exactly one action of type 'forward', 'redirect' or 'fixed-response'",
    );
  }
  return [{ ...readAction(reader, loadBalancer, action), ...given('Order', action.Order) }];
}

function readAction(reader: Reader, loadBalancer: LoadBalancer, action: Action): Action {
  const { Type, TargetGroupArn, ForwardConfig, RedirectConfig, FixedResponseConfig } = action;
  const configs = {
    forward: ForwardConfig ?? TargetGroupArn,
    redirect: RedirectConfig,
    'fixed-response': FixedResponseConfig,
  };
  for (const [type, config] of Object.entries(configs)) {
    if (type !== Type && config !== undefined) {
      throw elbErrors.validation(
        `A configuration for '${type}' cannot be specified with an action of type '${String(Type)}'`,
      );
    }
  }
  switch (Type) {
    case 'forward':
      return readForward(reader, loadBalancer, action);
    case 'redirect':
      return { Type, RedirectConfig: readRedirect(RedirectConfig) };
    case 'fixed-response':
      return { Type, FixedResponseConfig: readFixedResponse(FixedResponseConfig) };
    case undefined:
    default:
      throw notSupported(`An action of type '${String(Type)}'`);
  }
}

function readForward(reader: Reader, loadBalancer: LoadBalancer, action: Action): Action {
  const tuples = readTuples(action, limits['target-groups-per-action-on-application-load-balancer']);
  const rows = tuples.map((tuple) => readForwardGroup(reader, loadBalancer, tuple, checkSpeaksHttp));
  const groups = weighedTuples(tuples, rows);
  const { Enabled = false, DurationSeconds } = action.ForwardConfig?.TargetGroupStickinessConfig ?? {};
  if (Enabled && DurationSeconds === undefined) {
    throw elbErrors.validation('A duration must be specified when target group stickiness is enabled');
  }
  if (DurationSeconds !== undefined) {
    checkRange(DurationSeconds, 'actions.forwardConfig.targetGroupStickinessConfig.durationSeconds', 1, 604_800);
  }
  return {
    Type: 'forward',
    ...given('TargetGroupArn', groups.length === 1 ? groups[0]?.TargetGroupArn : undefined),
    ForwardConfig: {
      TargetGroups: groups,
      TargetGroupStickinessConfig: { Enabled, ...given('DurationSeconds', DurationSeconds) },
    },
  };
}

function checkSpeaksHttp({ arn, protocol }: TargetGroup): void {
  if (protocol !== 'HTTP' && protocol !== 'HTTPS') {
    throw new AwsError('IncompatibleProtocols', `A load balancer cannot forward HTTP to the target group '${arn}'`);
  }
}

function readRedirect(config: Action['RedirectConfig']): NonNullable<Action['RedirectConfig']> {
  if (config === undefined)
    throw elbErrors.validation("A redirect configuration must be specified for type 'redirect'");
  const { StatusCode } = config;
  if (StatusCode !== 'HTTP_301' && StatusCode !== 'HTTP_302') {
    throw elbErrors.validation(`The redirect status code '${String(StatusCode)}' must be 'HTTP_301' or 'HTTP_302'`);
  }
  const redirect = {
    Protocol: config.Protocol ?? '#{protocol}',
    Port: config.Port ?? '#{port}',
    Host: config.Host ?? '#{host}',
    Path: config.Path ?? '/#{path}',
    Query: config.Query ?? '#{query}',
    StatusCode,
  };
  const { Protocol, Port, Host, Path, Query } = redirect;
  const refuse = (member: string, value: string): AwsError =>
    elbErrors.validation(`The redirect ${member} '${value}' is not valid`);
  if (!/^(?:HTTPS?|#\{protocol\})$/.test(Protocol)) throw refuse('protocol', Protocol);
  const port = Number(Port);
  if (Port !== '#{port}' && !(/^\d{1,5}$/.test(Port) && port >= 1 && port <= 65_535)) throw refuse('port', Port);
  const plain = (value: string): boolean => /^[\x21-\x7e]*$/.test(value.replaceAll(placeholder, ''));
  if (Host.length < 1 || Host.length > 128 || !/^[\w.-]*$/.test(Host.replaceAll(placeholder, ''))) {
    throw refuse('host', Host);
  }
  if (!Path.startsWith('/') || Path.length > 128 || !plain(Path)) throw refuse('path', Path);
  if (Query.length > 128 || Query.startsWith('?') || !plain(Query)) throw refuse('query', Query);
  const all = [Protocol, Port, Host, Path, Query].join(' ');
  if (all === '#{protocol} #{port} #{host} /#{path} #{query}') {
    throw new AwsError(
      'InvalidLoadBalancerAction',
      'The redirect configuration is not valid because it creates a loop: change the protocol, port, host or path',
    );
  }
  return redirect;
}

function readFixedResponse(config: Action['FixedResponseConfig']): NonNullable<Action['FixedResponseConfig']> {
  if (config === undefined) {
    throw elbErrors.validation("A fixed-response configuration must be specified for type 'fixed-response'");
  }
  const { StatusCode, ContentType, MessageBody } = config;
  if (StatusCode === undefined || !/^[245]\d\d$/.test(StatusCode)) {
    throw elbErrors.validation(`The fixed-response status code '${StatusCode ?? ''}' must be 2XX, 4XX or 5XX`);
  }
  if (ContentType !== undefined && !contentTypes.includes(ContentType)) {
    throw elbErrors.validation(`The fixed-response content type must be one of '${contentTypes.join(', ')}'`);
  }
  if (MessageBody !== undefined && (MessageBody.length > 1024 || MessageBody.includes('\0'))) {
    throw elbErrors.validation('The fixed-response message body cannot be longer than 1024 characters');
  }
  return { StatusCode, ...given('ContentType', ContentType), ...given('MessageBody', MessageBody) };
}
