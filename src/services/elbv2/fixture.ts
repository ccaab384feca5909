import type { Ctx } from '../../aws/handlers.ts';
import { FakeClock } from '../../base/clock.ts';
import { seededIds } from '../../base/ids.ts';
import { silentLog } from '../../base/log.ts';
import { scopeOf } from '../../model/tags.ts';
import { ensureDefaultVpc } from '../../store/default-vpc.ts';
import { Store } from '../../store/store.ts';
import * as acmTables from '../../store/tables/acm.ts';
import * as ec2Tables from '../../store/tables/ec2.ts';
import * as elbTables from '../../store/tables/elbv2.ts';
import { applied, machines } from '../../store/tables/fleet.ts';
import { buckets } from '../../store/tables/s3.ts';
import { classicHandlers } from './classic/handlers.ts';
import { elbv2Handlers } from './handlers.ts';

const scope = { account: '000000000000', region: 'us-east-1' };

/** The caller that the tests are. */
export const ctx: Ctx = {
  ...scope,
  caller: { accessKeyId: 'test', account: scope.account, arn: `arn:aws:iam::${scope.account}:root`, userId: 'test' },
  requestId: 'request',
  endpoint: 'http://127.0.0.1:4566',
  signal: new AbortController().signal,
};

/** ELB's handlers on a store with the default VPC, its subnets and its security group. For tests only. */
export function elbFixture() {
  const tables = { ...acmTables, ...ec2Tables, ...elbTables, applied, buckets, machines };
  const store = new Store(Object.values(tables).filter((table) => typeof table === 'object'));
  const clock = new FakeClock();
  const ids = seededIds(1);
  store.transact((tx) => ensureDefaultVpc(tx, ids, clock.now(), scope));
  const subnets = store.by(ec2Tables.subnets, 'scope', scopeOf(scope));
  const [group] = store.by(ec2Tables.securityGroups, 'scope', scopeOf(scope));
  const deps = { store, clock, ids, log: silentLog, publicPool: '100.127.0.0/24' };
  const elb = elbv2Handlers(deps);
  const classic = classicHandlers(deps);
  /** Calls an operation by name, as the front does. */
  const caller =
    (handlers: object) =>
    async <Output = Record<string, unknown>>(operation: string, input: object = {}): Promise<Output> => {
      const handler = (handlers as Record<string, ((input: unknown, ctx: Ctx) => unknown) | undefined>)[operation];
      if (handler === undefined) throw new Error(`${operation} is not served`);
      return (await handler(input, ctx)) as Output;
    };
  /** A certificate of ACM, as far as listeners look at it; answers its ARN. */
  const certificate = (name: string): string => {
    const arn = `arn:aws:acm:us-east-1:000000000000:certificate/${name}`;
    const facts = {
      serial: '00',
      subject: `CN=${name}`,
      issuer: 'Stowage',
      domainName: name,
      alternativeNames: [name],
      keyAlgorithm: 'RSA_2048' as const,
      signatureAlgorithm: 'SHA256WITHRSA',
      notBefore: 0,
      notAfter: Infinity,
      keyUsages: [],
      extendedKeyUsages: [],
    };
    const rest = {
      createdAt: 0,
      madeAt: 0,
      transparency: 'DISABLED',
      export: 'DISABLED',
      exported: false,
      tags: [],
    } as const;
    store.transact((tx) =>
      tx.put(acmTables.certificates, {
        ...scope,
        arn,
        type: 'IMPORTED',
        facts,
        certificate: `${name}\n`,
        sealedKey: '',
        ...rest,
      }),
    );
    return arn;
  };
  return {
    elb,
    call: caller(elb),
    /** The same of the older API. */
    callClassic: caller(classic),
    certificate,
    store,
    clock,
    ids,
    subnetIds: subnets.map((subnet) => subnet.id),
    vpcId: subnets[0]?.vpcId ?? '',
    groupId: group?.id ?? '',
  };
}
