import { createHash } from 'node:crypto';
import type { Action, RuleCondition, RuleTransform } from '@aws-sdk/client-elastic-load-balancing-v2';
import { given } from '../base/given.ts';
import { withDefaults } from '../model/elbv2/attributes.ts';
import {
  attributesOfBalancer,
  attributesOfGroup,
  attributesOfListener,
  isZonal,
} from '../model/elbv2/attributes-of.ts';
import type { NetworkInterface } from '../model/ec2/network.ts';
import type { Listener, LoadBalancer, Rule, Target, TargetGroup } from '../model/elbv2/load-balancing.ts';
import type { ClassicTls } from '../model/elbv2/classic-tls.ts';
import { defaultSslPolicy, sslPolicyOf } from '../model/elbv2/ssl-policies.ts';
import type { Certificate } from '../model/acm/certificate.ts';
import type { Reader } from '../store/store.ts';
import { certificates } from '../store/tables/acm.ts';
import { instances, networkInterfaces } from '../store/tables/ec2.ts';
import { listeners, loadBalancers, rules, targetGroups, targetGroupsOf, targets } from '../store/tables/elbv2.ts';
import type {
  ActionSpec,
  BalancerSpec,
  ConditionSpec,
  ListenerSpec,
  RewriteSpec,
  TargetGroupSpec,
  TlsSpec,
  TransformsSpec,
} from '../wire/balancer-spec.ts';
import { classicTlsOf, withWays } from './translate-classic.ts';

/** The rows that make one load balancer. */
export interface BalancerRows {
  readonly loadBalancer: LoadBalancer;
  /** Its private addresses, in the order of its subnets. */
  readonly addresses: readonly string[];
  /** The public ones they are known by, of a network load balancer. */
  readonly publicAddresses?: Readonly<Record<string, string>>;
  readonly listeners: readonly {
    readonly listener: Listener;
    readonly rules: readonly Rule[];
    /** Its certificates with their keys, the default one first. */
    readonly certificates: readonly { readonly certificateArn: string; readonly pem: string }[];
  }[];
  /** The target groups that its rules forward to. */
  readonly targetGroups: readonly {
    readonly group: TargetGroup;
    /** Its targets with their addresses; instances that do not run have none, and are left out. */
    readonly targets: readonly (Target & { readonly address: string; readonly zone: string | undefined })[];
  }[];
}

/** Reads what a load balancer's specification is made of; `undefined` when there is no such load balancer. */
export function readBalancer(
  reader: Reader,
  loadBalancerArn: string,
  privateKeyOf: (certificate: Certificate) => string,
): BalancerRows | undefined {
  const loadBalancer = reader.get(loadBalancers, loadBalancerArn);
  if (loadBalancer === undefined) return undefined;
  const interfaces = reader.by(networkInterfaces, 'owner', loadBalancerArn);
  const own = reader.by(listeners, 'loadBalancer', loadBalancerArn).map((listener) => ({
    listener,
    rules: reader.by(rules, 'listener', listener.arn),
    certificates: listener.certificates.flatMap(({ certificateArn }) => {
      const row = reader.get(certificates, certificateArn);
      if (row === undefined) return [];
      return [{ certificateArn, pem: `${row.certificate}${row.chain ?? ''}${privateKeyOf(row)}` }];
    }),
  }));
  const groups = new Set(own.flatMap((each) => each.rules.flatMap((rule) => targetGroupsOf(rule.actions))));
  return {
    loadBalancer,
    addresses: loadBalancer.subnets.flatMap(({ subnetId }) =>
      interfaces.filter((each) => each.subnetId === subnetId).map((each) => each.privateIp),
    ),
    ...(loadBalancer.type === 'network' ? { publicAddresses: publicAddressesOf(interfaces) } : {}),
    listeners: own,
    targetGroups: [...groups].flatMap((arn) => {
      const group = reader.get(targetGroups, arn);
      if (group === undefined) return [];
      const own = reader.by(targets, 'targetGroup', arn).flatMap((target) => {
        const address = addressOf(reader, group, target);
        const zone = target.availabilityZone ?? reader.get(instances, target.id)?.availabilityZone;
        return address === undefined ? [] : [{ ...target, address, zone }];
      });
      return [{ group, targets: own }];
    }),
  };
}

function publicAddressesOf(interfaces: readonly NetworkInterface[]): Record<string, string> {
  return Object.fromEntries(
    interfaces.flatMap(({ privateIp, publicIp }) => (publicIp === undefined ? [] : [[privateIp, publicIp]])),
  );
}

function addressOf(reader: Reader, { targetType }: TargetGroup, { id }: Target): string | undefined {
  if (targetType === 'ip') return id;
  // Each of its addresses serves all of its zones.
  if (targetType === 'alb') return reader.by(networkInterfaces, 'owner', id)[0]?.privateIp;
  const instance = reader.get(instances, id);
  return instance?.state === 'running' ? instance.privateIp : undefined;
}

/** What a machine is told of a load balancer: the rows with every default filled in, in an order that depends on nothing else. */
export function translateBalancer(rows: BalancerRows): BalancerSpec {
  const { loadBalancer } = rows;
  return {
    loadBalancerArn: loadBalancer.arn,
    name: loadBalancer.name,
    type: loadBalancer.type,
    vpcId: loadBalancer.vpcId,
    addresses: rows.addresses,
    zones: zonesOf(rows),
    ...given('publicAddresses', rows.publicAddresses),
    attributes: withDefaults(attributesOfBalancer(loadBalancer), loadBalancer.attributes),
    listeners: rows.listeners.map((each) => translateListener(each, loadBalancer)).toSorted((a, b) => a.port - b.port),
    targetGroups: rows.targetGroups
      .map((each) => withWays(translateGroup(each, rows), rows))
      .toSorted((a, b) => (a.targetGroupArn < b.targetGroupArn ? -1 : 1)),
  };
}

function translateListener(
  { listener, rules, certificates }: BalancerRows['listeners'][number],
  loadBalancer: LoadBalancer,
): ListenerSpec {
  return {
    listenerArn: listener.arn,
    protocol: listener.protocol,
    port: listener.port,
    ...(listener.sslPolicy === undefined
      ? {}
      : { tls: translateTls(listener, certificates, classicTlsOf(loadBalancer, listener)) }),
    attributes: withDefaults(attributesOfListener(listener), listener.attributes),
    rules: [...rules].sort(byPriority).map((rule) => ({
      ruleArn: rule.arn,
      ...(rule.priority === 'default' ? {} : { priority: rule.priority }),
      conditions: rule.conditions.map(translateCondition),
      action: translateAction(rule.actions),
      ...(rule.transforms === undefined ? {} : { transforms: translateTransforms(rule.transforms) }),
    })),
  };
}

function translateTls(
  { sslPolicy = defaultSslPolicy, alpnPolicy }: Listener,
  certificates: BalancerRows['listeners'][number]['certificates'],
  classic: ClassicTls | undefined,
): TlsSpec {
  const policy = classic ?? sslPolicyOf(sslPolicy);
  if (policy === undefined) throw new Error(`there is no TLS policy ${sslPolicy}`);
  return {
    protocols: policy.protocols,
    ciphers: policy.ciphers,
    ...given('groups', policy.groups),
    ...(classic?.clientOrder === true ? { clientOrder: true as const } : {}),
    certificates: certificates.map(({ pem }) => pem),
    shown: certificates.map(({ certificateArn, pem }) => ({ certificateArn, sha1: sha1Of(pem) })),
    ...given('alpnPolicy', alpnPolicy),
  };
}

/** Of the first certificate of a PEM, as HAProxy tells which one it showed: over its bytes, which are base64 between the lines. */
function sha1Of(pem: string): string {
  const [, base64 = ''] = /-----BEGIN CERTIFICATE-----([^-]+)-----END/.exec(pem) ?? [];
  return createHash('sha1').update(Buffer.from(base64, 'base64')).digest('hex').toUpperCase();
}

function byPriority(a: Rule, b: Rule): number {
  const number = (rule: Rule): number => (rule.priority === 'default' ? Infinity : rule.priority);
  return number(a) < number(b) ? -1 : 1;
}

/** The zone of each address. */
function zonesOf({ loadBalancer, addresses }: BalancerRows): Record<string, string> {
  return Object.fromEntries(
    addresses.map((address, index) => [address, loadBalancer.subnets[index]?.availabilityZone ?? '']),
  );
}

function translateGroup(
  { group, targets }: BalancerRows['targetGroups'][number],
  { loadBalancer }: BalancerRows,
): TargetGroupSpec {
  const { healthCheck } = group;
  const zones = isZonal(loadBalancer, group) ? loadBalancer.subnets.map((each) => each.availabilityZone) : undefined;
  return {
    targetGroupArn: group.arn,
    name: group.name,
    protocol: group.protocol,
    ...given('protocolVersion', group.protocolVersion),
    attributes: withDefaults(attributesOfGroup(group), group.attributes),
    ...given('zones', zones),
    healthCheck: {
      ...healthCheck,
      ...given('protocolVersion', group.protocolVersion),
      path: healthCheck.path ?? '/',
      matcher: healthCheck.matcher ?? '200',
    },
    targets: targets
      .map((target) => ({
        id: target.id,
        address: target.address,
        port: target.port,
        ...given('zone', target.zone),
        registeredAt: target.registeredAt,
        draining: target.drainingSince !== undefined,
        lastHealth: target.health.state,
      }))
      .toSorted((a, b) => (a.id === b.id ? a.port - b.port : a.id < b.id ? -1 : 1)),
  };
}

function translateCondition(condition: RuleCondition): ConditionSpec {
  switch (condition.Field) {
    case 'path-pattern': {
      const { Values: values = condition.Values ?? [], RegexValues: regexes } = condition.PathPatternConfig ?? {};
      return { field: 'path-pattern', values, ...given('regexes', regexes) };
    }
    case 'host-header': {
      const { Values: values = condition.Values ?? [], RegexValues: regexes } = condition.HostHeaderConfig ?? {};
      return { field: 'host-header', values, ...given('regexes', regexes) };
    }
    case 'http-header': {
      const { HttpHeaderName: name = '', Values: values = [], RegexValues: regexes } = condition.HttpHeaderConfig ?? {};
      return { field: 'http-header', name, values, ...given('regexes', regexes) };
    }
    case 'http-request-method':
      return { field: 'http-request-method', values: condition.HttpRequestMethodConfig?.Values ?? [] };
    case 'query-string':
      return {
        field: 'query-string',
        values: (condition.QueryStringConfig?.Values ?? []).map(({ Key: key, Value: value = '' }) =>
          key === undefined || key === '' ? { value } : { key, value },
        ),
      };
    case 'source-ip':
      return { field: 'source-ip', values: condition.SourceIpConfig?.Values ?? [] };
    default:
      throw new Error(`a rule has a condition on ${String(condition.Field)}`);
  }
}

function translateTransforms(transforms: readonly RuleTransform[]): TransformsSpec {
  const rewriteOf = (type: RuleTransform['Type']): RewriteSpec | undefined => {
    const transform = transforms.find((each) => each.Type === type);
    const [rewrite] = (transform?.HostHeaderRewriteConfig ?? transform?.UrlRewriteConfig)?.Rewrites ?? [];
    return rewrite && { regex: rewrite.Regex ?? '', replace: rewrite.Replace ?? '' };
  };
  return { ...given('host', rewriteOf('host-header-rewrite')), ...given('url', rewriteOf('url-rewrite')) };
}

/** The one action that answers; no other kind is served. */
function translateAction(actions: readonly Action[]): ActionSpec {
  const action = actions.at(-1);
  switch (action?.Type) {
    case 'forward': {
      const forward = action.ForwardConfig;
      const groups = forward?.TargetGroups ?? [{ TargetGroupArn: action.TargetGroupArn }];
      const sticky = forward?.TargetGroupStickinessConfig;
      return {
        type: 'forward',
        targetGroups: groups.flatMap(({ TargetGroupArn: targetGroupArn, Weight }) =>
          targetGroupArn === undefined ? [] : [{ targetGroupArn, weight: Weight ?? 1 }],
        ),
        ...(sticky?.Enabled === true ? { stickinessSeconds: sticky.DurationSeconds ?? 86_400 } : {}),
      };
    }
    case 'redirect': {
      const redirect = action.RedirectConfig;
      return {
        type: 'redirect',
        statusCode: redirect?.StatusCode === 'HTTP_301' ? 301 : 302,
        protocol: redirect?.Protocol ?? '#{protocol}',
        host: redirect?.Host ?? '#{host}',
        port: redirect?.Port ?? '#{port}',
        path: redirect?.Path ?? '/#{path}',
        query: redirect?.Query ?? '#{query}',
      };
    }
    case 'fixed-response': {
      const fixed = action.FixedResponseConfig;
      return {
        type: 'fixed-response',
        statusCode: Number(fixed?.StatusCode),
        contentType: fixed?.ContentType ?? 'text/plain',
        body: fixed?.MessageBody ?? '',
      };
    }
    case undefined:
    default:
      throw new Error(`a rule has an action of type ${String(action?.Type)}`);
  }
}
