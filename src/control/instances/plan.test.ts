import { expect, it } from 'vitest';
import type { Instance } from '../../model/ec2/instance.ts';
import type { Applied } from '../../model/fleet/machine.ts';
import { planInstance, terminatedLifeMs } from './plan.ts';

const now = 10_000_000;
const said = (state: Applied['state'], boot = 1, error?: string): Applied => ({
  kind: 'instance',
  id: 'i-1',
  machineId: 'm',
  at: now,
  ...(state === undefined ? {} : { state }),
  boot,
  ...(error === undefined ? {} : { error }),
});
const host = [
  { machineId: 'full', instances: 3 },
  { machineId: 'free', instances: 1 },
];

it.each([
  ['waits for a machine', { state: 'pending' }, {}, {}],
  ['takes the emptiest machine', { state: 'pending' }, { hosts: host }, { step: { kind: 'host', machineId: 'free' } }],
  ['waits until it runs', { state: 'pending', hostId: 'm' }, {}, {}],
  ['is not fooled by an earlier boot', { state: 'pending', hostId: 'm', boot: 2 }, { said: said('running') }, {}],
  ['runs', { state: 'pending', hostId: 'm' }, { said: said('running') }, { step: { kind: 'running' } }],
  [
    'says why it cannot',
    { state: 'pending', hostId: 'm' },
    { said: said('failed', 1, 'no nft') },
    { step: { kind: 'fail', message: 'no nft' } },
  ],
  ['runs on', { state: 'running', hostId: 'm' }, { said: said('running') }, {}],
  ['stops once its machine says so', { state: 'stopping', hostId: 'm' }, { said: said('running') }, {}],
  ['is stopped', { state: 'stopping', hostId: 'm' }, { said: said('stopped') }, { step: { kind: 'stopped' } }],
  ['is stopped where it never stood', { state: 'stopping' }, {}, { step: { kind: 'stopped' } }],
  [
    'is terminated',
    { state: 'shutting-down', hostId: 'm' },
    { said: said('terminated') },
    { step: { kind: 'terminated' } },
  ],
  ['terminates only when all is gone', { state: 'shutting-down', hostId: 'm' }, { said: said('stopped') }, {}],
  ['stays for an hour', { state: 'terminated', endedAt: now - 1 }, {}, { lookAt: now - 1 + terminatedLifeMs }],
  ['is forgotten', { state: 'terminated', endedAt: now - terminatedLifeMs }, {}, { step: { kind: 'forget' } }],
] as const)('%s', (_, instance, rest, plan) => {
  const row = { boot: 1, ...instance } as Partial<Instance> as Instance;
  expect(planInstance({ instance: row, hosts: [], ...rest }, now)).toEqual(plan);
});
