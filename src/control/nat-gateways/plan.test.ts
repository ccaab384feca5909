import { expect, it } from 'vitest';
import type { NatGateway } from '../../model/ec2/network.ts';
import { endedLifeMs, planNatGateway, type ObservedNatGateway } from './plan.ts';

const nat: NatGateway = {
  account: '000000000000',
  region: 'us-east-1',
  id: 'nat-1',
  vpcId: 'vpc-1',
  subnetId: 'subnet-1',
  state: 'pending',
  networkInterfaceId: 'eni-1',
  allocationId: 'eipalloc-1',
  privateIp: '10.0.0.4',
  createdAt: 0,
  tags: [],
};
const ready: ObservedNatGateway = { nat, hasInternetGateway: true, address: { free: true } };
const ended = (state: 'failed' | 'deleted', endedAt: number) => ({ ...ready, nat: { ...nat, state, endedAt } });

it.each<[what: string, observed: ObservedNatGateway, step: object | undefined]>([
  ['pending, all there', ready, { kind: 'open' }],
  [
    'pending, no internet gateway',
    { ...ready, hasInternetGateway: false },
    { kind: 'fail', code: 'Gateway.NotAttached' },
  ],
  [
    'pending, address taken',
    { ...ready, address: { free: false } },
    { kind: 'fail', code: 'Resource.AlreadyAssociated' },
  ],
  [
    'pending, address released',
    { ...ready, address: undefined },
    { kind: 'fail', code: 'InvalidAllocationID.NotFound' },
  ],
  [
    'available, whatever becomes of the rest',
    { ...ready, nat: { ...nat, state: 'available' }, hasInternetGateway: false },
    undefined,
  ],
  ['deleting', { ...ready, nat: { ...nat, state: 'deleting' } }, { kind: 'close' }],
  ['deleted lately', ended('deleted', 1), undefined],
  ['deleted long ago', ended('deleted', 0), { kind: 'forget' }],
  ['failed long ago', ended('failed', 0), { kind: 'forget' }],
])('%s', (_what, observed, step) => {
  const planned = planNatGateway(observed, endedLifeMs);
  if (step === undefined) expect(planned).toBeUndefined();
  else expect(planned).toMatchObject(step);
});
