import type { AdditionalAttribute, LoadBalancerAttributes } from '@aws-sdk/client-elastic-load-balancing';
import { AwsError } from '../../../base/errors.ts';
import { withDefaults } from '../../../model/elbv2/attributes.ts';
import { classicAttributes, classicGroupAttributes } from '../../../model/elbv2/classic.ts';
import { loadBalancers, targetGroups } from '../../../store/tables/elbv2.ts';
import type { ServiceDeps } from '../../deps.ts';
import { elbErrors, notSupported } from '../errors.ts';
import { checkLogBucket } from '../log-bucket-rules.ts';
import { findClassic, groupOf, type Classic } from './find.ts';
import type { ClassicHandlers } from './handler-types.ts';

/** The attributes of load balancers ("LoadBalancerAttributes", Elastic Load Balancing API Reference 2012-06-01). */
export function classicAttributeHandlers({ store }: ServiceDeps) {
  return {
    DescribeLoadBalancerAttributes: (input, ctx) => ({
      LoadBalancerAttributes: describe(findClassic(store, ctx, input.LoadBalancerName)),
    }),

    ModifyLoadBalancerAttributes(input, ctx) {
      const changes = changesOf(input.LoadBalancerAttributes ?? {});
      return store.transact((tx) => {
        const before = findClassic(tx, ctx, input.LoadBalancerName);
        const row: Classic = { ...before, attributes: { ...before.attributes, ...changes } };
        const spoken = Object.keys(changes).map((Key) => ({ Key }));
        checkLogBucket(tx, row, row.attributes, spoken);
        tx.put(loadBalancers, row);
        const all = withDefaults(classicAttributes, row.attributes);
        const seconds = all['connection_draining.enabled'] === 'true' ? Number(all['connection_draining.timeout']) : 0;
        tx.put(targetGroups, { ...groupOf(tx, row), attributes: classicGroupAttributes(seconds) });
        return { LoadBalancerName: row.name, LoadBalancerAttributes: describe(row) };
      });
    },
  } satisfies ClassicHandlers;
}

/** What a request changes, by our keys. */
function changesOf(attributes: LoadBalancerAttributes): Record<string, string> {
  const { CrossZoneLoadBalancing, ConnectionDraining, ConnectionSettings } = attributes;
  const changes: Record<string, string> = {
    ...changesOfLog(attributes.AccessLog),
    ...changesOfOthers(attributes.AdditionalAttributes),
  };
  if (CrossZoneLoadBalancing !== undefined) {
    changes['load_balancing.cross_zone.enabled'] = String(CrossZoneLoadBalancing.Enabled === true);
  }
  if (ConnectionDraining !== undefined) {
    const { Enabled = false, Timeout } = ConnectionDraining;
    changes['connection_draining.enabled'] = String(Enabled);
    if (Timeout !== undefined) changes['connection_draining.timeout'] = String(Timeout);
  }
  if (ConnectionSettings !== undefined) {
    changes['idle_timeout.timeout_seconds'] = String(ConnectionSettings.IdleTimeout ?? 0);
  }
  for (const { key, judge } of classicAttributes) {
    const value = changes[key];
    const valid = value === undefined ? undefined : judge(value);
    if (valid !== undefined) {
      throw elbErrors.configuration(
        `The value '${value}' of ${names[key] ?? key} is not valid here: valid is ${valid}`,
      );
    }
  }
  return changes;
}

/** What the API calls attributes whose values have bounds. */
const names: Readonly<Record<string, string>> = {
  'connection_draining.timeout': 'ConnectionDraining.Timeout',
  'idle_timeout.timeout_seconds': 'ConnectionSettings.IdleTimeout',
  'access_logs.s3.emit_interval': 'AccessLog.EmitInterval',
  'access_logs.s3.bucket': 'AccessLog.S3BucketName',
  'access_logs.s3.prefix': 'AccessLog.S3BucketPrefix',
  'routing.http.desync_mitigation_mode': 'elb.http.desyncmitigationmode',
};

/** "If the access log is not enabled, the other settings say nothing". */
function changesOfLog(log: LoadBalancerAttributes['AccessLog']): Record<string, string> {
  if (log === undefined) return {};
  if (log.Enabled !== true) return { 'access_logs.s3.enabled': 'false' };
  return {
    'access_logs.s3.enabled': 'true',
    'access_logs.s3.bucket': log.S3BucketName ?? '',
    'access_logs.s3.prefix': log.S3BucketPrefix ?? '',
    'access_logs.s3.emit_interval': String(log.EmitInterval ?? 60),
  };
}

function changesOfOthers(given: readonly AdditionalAttribute[] = []): Record<string, string> {
  const changes: Record<string, string> = {};
  for (const { Key = '', Value = '' } of given) {
    if (Key !== 'elb.http.desyncmitigationmode') {
      throw new AwsError('LoadBalancerAttributeNotFound', `Load balancer attribute key '${Key}' is not recognized`);
    }
    if (Value === 'monitor') throw notSupported(`The value '${Value}' of ${Key}`);
    changes['routing.http.desync_mitigation_mode'] = Value;
  }
  return changes;
}

function describe({ attributes }: Classic): LoadBalancerAttributes {
  const all = withDefaults(classicAttributes, attributes);
  const isOn = (key: string): boolean => all[key] === 'true';
  return {
    CrossZoneLoadBalancing: { Enabled: isOn('load_balancing.cross_zone.enabled') },
    AccessLog: isOn('access_logs.s3.enabled')
      ? {
          Enabled: true,
          S3BucketName: all['access_logs.s3.bucket'],
          EmitInterval: Number(all['access_logs.s3.emit_interval']),
          S3BucketPrefix: all['access_logs.s3.prefix'],
        }
      : { Enabled: false },
    ConnectionDraining: {
      Enabled: isOn('connection_draining.enabled'),
      Timeout: Number(all['connection_draining.timeout']),
    },
    ConnectionSettings: { IdleTimeout: Number(all['idle_timeout.timeout_seconds']) },
    AdditionalAttributes: [{ Key: 'elb.http.desyncmitigationmode', Value: all['routing.http.desync_mitigation_mode'] }],
  };
}
