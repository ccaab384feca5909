import type {
  CreateTargetGroupInput,
  TargetGroup as TargetGroupOutput,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Ctx } from '../../aws/handlers.ts';
import { arn as formatArn } from '../../base/arn.ts';
import { AwsError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import { attributesOfGroup, isForApplications } from '../../model/elbv2/attributes-of.ts';
import type { TargetGroup } from '../../model/elbv2/load-balancing.ts';
import { scopeOf } from '../../model/tags.ts';
import { ensureDefaultVpc } from '../../store/default-vpc.ts';
import type { Reader, Transaction } from '../../store/store.ts';
import { vpcs } from '../../store/tables/ec2.ts';
import { rules, targetGroups, targetKey, targets } from '../../store/tables/elbv2.ts';
import type { ServiceDeps } from '../deps.ts';
import { changeAttributes, describeAttributes } from './attributes.ts';
import { checkRange, elbErrors, notSupported } from './errors.ts';
import { checkArn, findLoadBalancer, findTargetGroup, loadBalancersOf, ownTargetGroups } from './find.ts';
import type { ElbHandlers } from './handler-types.ts';
import { changeHealthCheck, defaultHealthCheckOf } from './health-check-rules.ts';
import { limits } from './limits.ts';
import { checkName } from './names.ts';
import { checkGroupAttributes, checkTargetType, isNetworkProtocol } from './network-group-rules.ts';
import { changeNetworkHealthCheck } from './network-health-check.ts';
import { page } from './paging.ts';
import { readTags } from './tag-rules.ts';
import { checkTogether } from './target-group-attribute-rules.ts';

/** The operations on target groups. */
export function targetGroupHandlers(deps: ServiceDeps) {
  const { store } = deps;
  const change = (
    arn: string | undefined,
    ctx: Ctx,
    next: (row: TargetGroup, tx: Transaction) => TargetGroup,
  ): TargetGroup =>
    store.transact((tx) => {
      const row = next(findTargetGroup(tx, ctx, arn), tx);
      tx.put(targetGroups, row);
      return row;
    });

  return {
    CreateTargetGroup: (input, ctx) => ({ TargetGroups: [describe(store, create(deps, input, ctx))] }),

    DescribeTargetGroups(input, ctx) {
      const { TargetGroupArns: arns, Names: names, LoadBalancerArn: loadBalancerArn } = input;
      if ([arns, names, loadBalancerArn].filter((each) => each !== undefined).length > 1) {
        throw elbErrors.validation(
          'Target group names, target group ARNs and a load balancer ARN cannot be specified at the same time',
        );
      }
      for (const arn of arns ?? []) checkArn(arn, 'target group');
      let found = ownTargetGroups(store, ctx);
      if (loadBalancerArn !== undefined) {
        const { arn } = findLoadBalancer(store, ctx, loadBalancerArn);
        found = found.filter((row) => loadBalancersOf(store, row.arn).includes(arn));
      }
      const wanted = arns ?? names;
      if (wanted !== undefined) {
        const keyOf = (row: TargetGroup): string => (arns === undefined ? row.name : row.arn);
        if (wanted.some((each) => !found.some((row) => keyOf(row) === each))) {
          throw new AwsError('TargetGroupNotFound', 'One or more target groups not found');
        }
        found = found.filter((row) => wanted.includes(keyOf(row)));
      }
      const { items, next } = page(found, (row) => row.arn, input);
      return { TargetGroups: items.map((row) => describe(store, row)), ...next };
    },

    ModifyTargetGroup(input, ctx) {
      const row = change(input.TargetGroupArn, ctx, (before) => ({
        ...before,
        healthCheck: isForApplications(before)
          ? changeHealthCheck(before.healthCheck, input, before.protocolVersion)
          : changeNetworkHealthCheck(before, before.healthCheck, input),
      }));
      return { TargetGroups: [describe(store, row)] };
    },

    DeleteTargetGroup(input, ctx) {
      const arn = checkArn(input.TargetGroupArn, 'target group');
      return store.transact((tx) => {
        const row = tx.get(targetGroups, arn);
        if (row === undefined || scopeOf(row) !== scopeOf(ctx)) return {};
        if (tx.by(rules, 'targetGroup', arn).length > 0) {
          throw elbErrors.inUse(`Target group '${arn}' is currently in use by a listener or a rule`);
        }
        for (const { id, port } of tx.by(targets, 'targetGroup', arn)) tx.delete(targets, targetKey(arn, id, port));
        tx.delete(targetGroups, arn);
        return {};
      });
    },

    DescribeTargetGroupAttributes(input, ctx) {
      const row = findTargetGroup(store, ctx, input.TargetGroupArn);
      return { Attributes: describeAttributes(attributesOfGroup(row), row.attributes) };
    },

    ModifyTargetGroupAttributes(input, ctx) {
      const row = change(input.TargetGroupArn, ctx, (before, tx) => {
        const known = attributesOfGroup(before);
        const attributes = changeAttributes(known, before.attributes, input.Attributes ?? [], 'Target group');
        const row = { ...before, attributes };
        if (isForApplications(row)) checkTogether(attributes);
        else checkGroupAttributes(tx, row);
        return row;
      });
      return { Attributes: describeAttributes(attributesOfGroup(row), row.attributes) };
    },
  } satisfies ElbHandlers;
}

function create(deps: ServiceDeps, input: CreateTargetGroupInput, ctx: Ctx): TargetGroup {
  const { store, ids, clock } = deps;
  const name = checkName(input.Name, 'Target group');
  const targetType = input.TargetType ?? 'instance';
  if (targetType !== 'ip' && targetType !== 'instance' && targetType !== 'alb')
    throw notSupported(`Target type '${targetType}'`);
  const { Protocol: protocol, Port: port, VpcId: vpcId } = input;
  if (protocol === undefined) throw elbErrors.validation('A protocol must be specified');
  if (port === undefined) throw elbErrors.validation('A port must be specified');
  if (vpcId === undefined) throw elbErrors.validation('A VPC ID must be specified');
  if (protocol !== 'HTTP' && protocol !== 'HTTPS' && !isNetworkProtocol(protocol)) {
    throw notSupported(`A target group of protocol '${protocol}'`);
  }
  checkTargetType({ targetType, protocol });
  checkRange(port, 'port', 1, 65_535);
  const forApplications = isForApplications({ protocol });
  if (!forApplications && input.ProtocolVersion) {
    throw elbErrors.validation(`Protocol version cannot be specified for target groups of protocol '${protocol}'`);
  }
  const version = readVersion(input.ProtocolVersion);
  if (input.TargetControlPort !== undefined) throw notSupported('TargetControlPort');
  if ((input.IpAddressType ?? 'ipv4') !== 'ipv4')
    throw notSupported(`IP address type '${String(input.IpAddressType)}'`);
  const healthCheck = forApplications
    ? changeHealthCheck(defaultHealthCheckOf(version), input, version)
    : changeNetworkHealthCheck({ targetType }, undefined, input);
  const tags = readTags(input.Tags);
  return store.transact((tx) => {
    ensureDefaultVpc(tx, ids, clock.now(), ctx);
    const vpc = tx.get(vpcs, vpcId);
    if (vpc === undefined || scopeOf(vpc) !== scopeOf(ctx)) {
      throw elbErrors.validation(`The VPC ID '${vpcId}' is not found`);
    }
    const wanted = {
      name,
      targetType,
      protocol,
      ...(forApplications ? { protocolVersion: version } : {}),
      port,
      vpcId,
      healthCheck,
      tags,
    } as const;
    const own = ownTargetGroups(tx, ctx);
    const existing = own.find((row) => row.name === name);
    if (existing !== undefined) {
      if (sameSettings(existing, wanted)) return existing;
      throw new AwsError(
        'DuplicateTargetGroupName',
        `A target group with the same name '${name}' exists, but with different settings`,
      );
    }
    if (own.length >= limits['target-groups']) {
      throw new AwsError('TooManyTargetGroups', 'The quota of target groups for this account has been reached');
    }
    const row: TargetGroup = {
      account: ctx.account,
      region: ctx.region,
      arn: formatArn('elasticloadbalancing', ctx.region, ctx.account, `targetgroup/${name}/${ids.hex(16)}`),
      ...wanted,
      attributes: {},
      createdAt: clock.now(),
    };
    tx.put(targetGroups, row);
    return row;
  });
}

/** Terraform sends it empty where its configuration does not say. */
function readVersion(version: string | undefined): 'HTTP1' | 'HTTP2' | 'GRPC' {
  if (version === undefined || version === '') return 'HTTP1';
  if (version === 'HTTP1' || version === 'HTTP2' || version === 'GRPC') return version;
  throw elbErrors.validation(`Protocol version '${version}' must be one of 'GRPC, HTTP1, HTTP2'`);
}

function sameSettings(existing: TargetGroup, wanted: Partial<TargetGroup>): boolean {
  const text = (row: Partial<TargetGroup>): string =>
    JSON.stringify([row.targetType, row.protocol, row.protocolVersion, row.port, row.vpcId, row.healthCheck]);
  return text(existing) === text(wanted);
}

function matcherOf({ protocolVersion, healthCheck }: TargetGroup): NonNullable<TargetGroupOutput['Matcher']> {
  return protocolVersion === 'GRPC' ? { GrpcCode: healthCheck.matcher } : { HttpCode: healthCheck.matcher };
}

function describe(reader: Reader, row: TargetGroup): TargetGroupOutput {
  const { healthCheck } = row;
  return {
    TargetGroupArn: row.arn,
    TargetGroupName: row.name,
    Protocol: row.protocol,
    Port: row.port,
    VpcId: row.vpcId,
    HealthCheckProtocol: healthCheck.protocol,
    HealthCheckPort: healthCheck.port,
    HealthCheckEnabled: healthCheck.enabled,
    HealthCheckIntervalSeconds: healthCheck.intervalSeconds,
    HealthCheckTimeoutSeconds: healthCheck.timeoutSeconds,
    HealthyThresholdCount: healthCheck.healthyThreshold,
    UnhealthyThresholdCount: healthCheck.unhealthyThreshold,
    ...given('HealthCheckPath', healthCheck.path),
    ...(healthCheck.matcher === undefined ? {} : { Matcher: matcherOf(row) }),
    LoadBalancerArns: loadBalancersOf(reader, row.arn),
    TargetType: row.targetType,
    ...given('ProtocolVersion', row.protocolVersion),
    IpAddressType: 'ipv4',
  };
}
