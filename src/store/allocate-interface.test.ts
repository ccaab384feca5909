import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { seededIds } from '../base/ids.ts';
import { holds, parseCidr } from '../model/ec2/addresses.ts';
import { AddressError, allocateInterface, allocatePublicIp, releaseInterface } from './allocate-interface.ts';
import { Store } from './store.ts';
import { addresses, addressCursors, networkInterfaces, subnets } from './tables/ec2.ts';
import { machines } from './tables/fleet.ts';

const scope = { account: '000000000000', region: 'us-east-1' };

function storeWith(cidr: string): Store {
  const store = new Store([networkInterfaces, addresses, addressCursors, subnets, machines]);
  store.transact((tx) =>
    tx.put(subnets, {
      ...scope,
      id: 'subnet-1',
      vpcId: 'vpc-1',
      cidr,
      availabilityZone: 'us-east-1a',
      availabilityZoneId: 'use1-az1',
      defaultForAz: false,
      mapPublicIpOnLaunch: false,
      tags: [],
    }),
  );
  return store;
}

it('gives no address twice, none of the reserved ones, and all the others', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(30), { maxLength: 80 }), fc.integer(), (choices, seed) => {
      const ids = seededIds(seed);
      const store = storeWith('10.0.0.0/28');
      const held: { id: string; privateIp: string; publicIp: string | undefined }[] = [];
      for (const choice of choices) {
        const victim = held[choice];
        if (victim !== undefined) {
          store.transact((tx) => releaseInterface(tx, victim.id));
          held.splice(choice, 1);
          continue;
        }
        const allocate = () =>
          store.transact((tx) =>
            allocateInterface(tx, {
              ids,
              now: 0,
              subnetId: 'subnet-1',
              groups: [],
              owner: { kind: 'user' },
              description: '',
              publicIp: choice % 2 === 0,
              publicPool: '100.127.0.0/27',
            }),
          );
        if (held.length === 11) expect(allocate).toThrow(AddressError);
        else {
          const { id, privateIp, publicIp } = allocate();
          expect(held.map((other) => other.privateIp)).not.toContain(privateIp);
          if (publicIp !== undefined) expect(held.map((other) => other.publicIp)).not.toContain(publicIp);
          expect(['10.0.0.0', '10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.15']).not.toContain(privateIp);
          held.push({ id, privateIp, publicIp });
        }
      }
    }),
  );
});

it('lets a freed address rest until the others have had their turn', () => {
  const store = storeWith('10.0.0.0/28');
  const allocate = () => store.transact((tx) => allocatePublicIp(tx, '100.127.0.0/29'));
  const seen = new Set([allocate(), allocate(), allocate(), allocate(), allocate(), allocate()]);
  expect(seen.size).toBe(6);
  const pool = parseCidr('100.127.0.0/29');
  for (const address of seen) expect(pool !== undefined && holds(pool, address)).toBe(true);
});
