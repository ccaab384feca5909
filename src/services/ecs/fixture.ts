import type { ContainerDefinition, RegisterTaskDefinitionCommandInput } from '@aws-sdk/client-ecs';
import type { Ctx } from '../../aws/handlers.ts';
import { FakeClock } from '../../base/clock.ts';
import { seededIds } from '../../base/ids.ts';
import { silentLog } from '../../base/log.ts';
import type { TargetGroup } from '../../model/elbv2/load-balancing.ts';
import { Store } from '../../store/store.ts';
import * as autoScalingTables from '../../store/tables/autoscaling.ts';
import * as ec2Tables from '../../store/tables/ec2.ts';
import * as ecsTables from '../../store/tables/ecs.ts';
import * as elbTables from '../../store/tables/elbv2.ts';
import * as fleetTables from '../../store/tables/fleet.ts';
import * as sessionTables from '../../store/tables/sessions.ts';
import { ecsHandlers } from './handlers.ts';

const scope = { account: '000000000000', region: 'us-east-1' };

/** The caller that the tests are. */
export const ctx: Ctx = {
  ...scope,
  caller: { accessKeyId: 'test', account: scope.account, arn: `arn:aws:iam::${scope.account}:root`, userId: 'test' },
  requestId: 'request',
  endpoint: 'http://127.0.0.1:4566',
  signal: new AbortController().signal,
};

/** Target groups of the fixture: `ip` and `instance` hang on a listener, `loose` on none. */
export const targetGroupArns = {
  ip: 'arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/ip/1',
  instance: 'arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/instance/2',
  loose: 'arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/loose/3',
};

/** The network configuration that a Fargate task of the fixture can have. */
export const awsvpc = { awsvpcConfiguration: { subnets: ['subnet-a', 'subnet-b'] } };

/** A small container that any task definition takes. */
export const web: ContainerDefinition = { name: 'web', image: 'nginx', portMappings: [{ containerPort: 80 }] };

/** A Fargate task definition of one container, `web`. */
export const fargateWeb: RegisterTaskDefinitionCommandInput = {
  family: 'web',
  requiresCompatibilities: ['FARGATE'],
  networkMode: 'awsvpc',
  cpu: '.25vCPU',
  memory: '.5GB',
  containerDefinitions: [web],
};

/** ECS's handlers on a store with a cluster `default`, two VPCs and three target groups, and tables of `others`. For tests only. */
export function ecsFixture(others: object = {}) {
  const tables = {
    ...others,
    ...autoScalingTables,
    ...ecsTables,
    ...ec2Tables,
    ...elbTables,
    ...fleetTables,
    ...sessionTables,
  };
  const store = new Store(Object.values(tables).filter((table) => typeof table === 'object'));
  const clock = new FakeClock();
  const ids = seededIds(1);
  store.transact((tx) => {
    for (const vpcId of ['vpc-1', 'vpc-2']) {
      const place = { ...scope, vpcId, tags: [] };
      const suffix = vpcId === 'vpc-1' ? '' : '2';
      for (const id of [`subnet-a${suffix}`, `subnet-b${suffix}`]) {
        tx.put(ec2Tables.subnets, {
          ...place,
          id,
          cidr: '10.0.0.0/24',
          availabilityZone: 'us-east-1a',
          availabilityZoneId: 'use1-az1',
          defaultForAz: false,
          mapPublicIpOnLaunch: false,
        });
      }
      for (const name of ['default', 'web']) {
        tx.put(ec2Tables.securityGroups, { ...place, id: `sg-${name}${suffix}`, name, description: name });
      }
    }
    for (const [name, arn] of Object.entries(targetGroupArns)) {
      tx.put(elbTables.targetGroups, targetGroup(name, arn));
      if (name === 'loose') continue;
      tx.put(elbTables.rules, {
        ...scope,
        arn: `rule-${name}`,
        listenerArn: 'listener',
        priority: 'default',
        conditions: [],
        actions: [{ Type: 'forward', TargetGroupArn: arn }],
        tags: [],
      });
    }
  });
  const ecs = ecsHandlers({ store, clock, ids, log: silentLog, publicPool: '100.127.0.0/24' });
  ecs.CreateCluster({}, ctx);
  return { ecs, store, clock, ids, ctx };
}

function targetGroup(name: string, arn: string): TargetGroup {
  return {
    ...scope,
    arn,
    name,
    targetType: name === 'instance' ? 'instance' : 'ip',
    protocol: 'HTTP',
    port: 80,
    vpcId: 'vpc-1',
    healthCheck: {
      enabled: true,
      protocol: 'HTTP',
      port: 'traffic-port',
      intervalSeconds: 30,
      timeoutSeconds: 5,
      healthyThreshold: 5,
      unhealthyThreshold: 2,
    },
    attributes: {},
    tags: [],
    createdAt: 0,
  };
}
