import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createFront } from '../../aws/front.ts';
import type { Ctx } from '../../aws/handlers.ts';
import type { Services } from '../../aws/services.ts';
import { serverOptions } from '../../aws/server-options.ts';
import { FakeClock } from '../../base/clock.ts';
import { AwsError } from '../../base/errors.ts';
import { seededIds } from '../../base/ids.ts';
import { silentLog } from '../../base/log.ts';
import { Store } from '../../store/store.ts';
import * as ec2Tables from '../../store/tables/ec2.ts';
import { machines } from '../../store/tables/fleet.ts';
import { instanceProfiles } from '../../store/tables/iam.ts';
import { ec2Handlers } from './handlers.ts';
import type { Ec2Handlers } from './operation.ts';

type Input<Name extends keyof Ec2Handlers> = Parameters<NonNullable<Ec2Handlers[Name]>>[0];
type Output<Name extends keyof Ec2Handlers> = Awaited<ReturnType<NonNullable<Ec2Handlers[Name]>>>;

/** EC2 on an empty store. For tests only. */
export function ec2Fixture() {
  const store = new Store([...Object.values(ec2Tables), machines, instanceProfiles]);
  const deps = { store, clock: new FakeClock(), ids: seededIds(1), log: silentLog, publicPool: '100.127.0.0/26' };
  const ec2 = ec2Handlers(deps);
  const ctxIn = (region: string, account = '000000000000'): Ctx => ({
    account,
    region,
    caller: { accessKeyId: 'test', account, arn: `arn:aws:iam::${account}:root`, userId: 'test' },
    requestId: 'request',
    endpoint: 'http://127.0.0.1:4566',
    signal: new AbortController().signal,
  });
  const call = <Name extends keyof Ec2Handlers>(
    name: Name,
    input: Input<Name>,
    ctx: Ctx = ctxIn('us-east-1'),
  ): Output<Name> => {
    const handler = ec2[name] as ((input: Input<Name>, ctx: Ctx) => Output<Name>) | undefined;
    if (handler === undefined) throw new Error(`${name} is not served`);
    return handler(input, ctx);
  };
  /** The code and message that a call is refused with. */
  const refusal = <Name extends keyof Ec2Handlers>(name: Name, input: Input<Name>): [code: string, message: string] => {
    try {
      call(name, input);
    } catch (error) {
      if (error instanceof AwsError) return [error.code, error.message];
      throw error;
    }
    return ['nothing', `${name} was not refused`];
  };
  return { ...deps, ec2, call, refusal, ctxIn };
}

/** Something that a test needs and that an answer holds. */
export function need<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('the answer lacks what the test needs');
  return value;
}

/** One filter. */
export const filter = (name: string, ...values: string[]) => [{ Name: name, Values: values }];

/** A fixture with a VPC 10.0.0.0/16 that has an internet gateway and a subnet 10.0.0.0/24. For tests only. */
export function withVpc() {
  const fixture = ec2Fixture();
  const { call } = fixture;
  const vpcId = need(call('CreateVpc', { CidrBlock: '10.0.0.0/16' }).Vpc?.VpcId);
  const subnetId = need(call('CreateSubnet', { VpcId: vpcId, CidrBlock: '10.0.0.0/24' }).Subnet?.SubnetId);
  const gatewayId = need(call('CreateInternetGateway', {}).InternetGateway?.InternetGatewayId);
  call('AttachInternetGateway', { InternetGatewayId: gatewayId, VpcId: vpcId });
  const routes = () => need(call('DescribeRouteTables', { Filters: filter('vpc-id', vpcId) }).RouteTables?.[0]);
  const table = need(routes().RouteTableId);
  return { ...fixture, vpcId, subnetId, gatewayId, table, routes };
}

/** A front on a port of its own, for real clients, with the environment in which they find it. */
export async function startFront(
  fixture: ReturnType<typeof ec2Fixture>,
  more: Services = {},
): Promise<{ endpoint: string; env: NodeJS.ProcessEnv; close(): void }> {
  const { clock, ids, log } = fixture;
  const front = createFront({
    services: { ec2: fixture.ec2, ...more },
    authentication: {
      verify: false,
      credential: () => undefined,
      account: '000000000000',
      region: 'us-east-1',
    },
    clock,
    ids,
    log,
    commits: { sequence: 0, flushed: () => Promise.resolve() },
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  const server = createServer(serverOptions, front).listen(0, '127.0.0.1', resolve);
  await promise;
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const env = {
    ...process.env,
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_PAGER: '',
  };
  return {
    endpoint,
    env,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
