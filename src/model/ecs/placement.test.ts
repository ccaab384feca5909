import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ContainerInstance } from './container-instance.ts';
import type { TaskNeeds } from './needs.ts';
import { afterTaking, closest, obstacle, placeTasks, type Candidate } from './placement.ts';

interface Shape {
  readonly id: string;
  readonly zone?: string;
  readonly cpu?: number;
  readonly memory?: number;
  readonly ports?: readonly number[];
  readonly status?: ContainerInstance['status'];
  readonly connected?: boolean;
  readonly interfacesInUse?: number;
  readonly kin?: number;
  readonly groups?: readonly string[];
}

function candidate(shape: Shape): Candidate {
  const { id, zone = 'a', cpu = 1024, memory = 1000, ports = [22], status = 'ACTIVE' } = shape;
  const resources = { cpu, memory, ports: ports.map((port) => ({ port, protocol: 'tcp' as const })) };
  return {
    instance: {
      account: '000000000000',
      region: 'us-east-1',
      arn: `arn:${id}`,
      id,
      clusterArn: 'arn:cluster',
      machineId: id,
      status,
      availabilityZone: zone,
      taskInterfaces: 1,
      resources,
      attributes: [{ name: 'ecs.capability.task-eni' }, { name: 'stack', value: 'prod' }],
      versionInfo: {},
      tags: [],
      registeredAt: 0,
      version: 1,
    },
    connected: shape.connected ?? true,
    groups: shape.groups ?? [],
    runningTasks: shape.groups?.length ?? 0,
    remaining: resources,
    interfacesInUse: shape.interfacesInUse ?? 0,
    kin: shape.kin ?? 0,
  };
}

const small: TaskNeeds = { cpu: 256, memory: 256, ports: [], attributes: [], gpu: false, ownInterface: false };
const port80: TaskNeeds = { ...small, ports: [{ port: 80, protocol: 'tcp' }] };

describe('whether an instance can take a task', () => {
  it.each([
    ['it can', {}, small, undefined],
    ['its agent is away', { connected: false }, small, 'AGENT'],
    ['it is deregistered', { status: 'INACTIVE', connected: false }, small, 'INACTIVE'],
    ['an attribute is missing', {}, { ...small, attributes: [{ name: 'gpu' }] }, 'ATTRIBUTE'],
    ['an attribute is another', {}, { ...small, attributes: [{ name: 'stack', value: 'dev' }] }, 'ATTRIBUTE'],
    ['an attribute is there', {}, { ...small, attributes: [{ name: 'stack', value: 'prod' }] }, undefined],
    ['it stands in another zone than the subnets', {}, { ...small, zones: ['b'] }, 'LOCATION'],
    ['too little CPU', { cpu: 255 }, small, 'RESOURCE:CPU'],
    ['too little memory', { memory: 255 }, small, 'RESOURCE:MEMORY'],
    ['a port in use', { ports: [80] }, port80, 'RESOURCE:PORTS'],
    [
      'the port of the other protocol',
      { ports: [80] },
      { ...small, ports: [{ port: 80, protocol: 'udp' }] },
      undefined,
    ],
    ['a GPU, which none has', {}, { ...small, gpu: true }, 'RESOURCE:GPU'],
    ['no interface left', { interfacesInUse: 1 }, { ...small, ownInterface: true }, 'RESOURCE:ENI'],
  ] as const)('%s', (_, shape, needs, reason) => {
    expect(obstacle(candidate({ id: 'x', ...shape }), needs)).toBe(reason);
  });
});

describe('placing tasks', () => {
  const place = (needs: TaskNeeds, count: number, ...shapes: readonly Shape[]) => {
    const { placed, failures } = placeTasks(needs, shapes.map(candidate), count);
    return [
      placed.map(({ instance }) => instance.id).join(' '),
      failures.map(({ instance, reason }) => `${instance.id} ${reason}`),
    ];
  };

  it.each([
    ['where most memory is free', small, 1, [{ id: 'x', memory: 500 }, { id: 'y' }], 'y', []],
    [
      'in the zone with fewest of the kind',
      small,
      1,
      [
        { id: 'x', memory: 900, zone: 'b' },
        { id: 'y', kin: 1 },
      ],
      'x',
      [],
    ],
    ['spread over the zones', small, 3, [{ id: 'x' }, { id: 'y', zone: 'b', memory: 800 }], 'x y x', []],
    ['never where it is drained', small, 1, [{ id: 'x', status: 'DRAINING' }], '', []],
    ['one port each', port80, 3, [{ id: 'x' }, { id: 'y' }], 'x y', ['x RESOURCE:PORTS', 'y RESOURCE:PORTS']],
    [
      'nowhere',
      small,
      1,
      [
        { id: 'x', memory: 1 },
        { id: 'y', connected: false },
      ],
      '',
      ['x RESOURCE:MEMORY', 'y AGENT'],
    ],
  ] as const)('%s', (_, needs, count, shapes, placed, failures) => {
    expect(place(needs, count, ...shapes)).toEqual([placed, failures]);
  });

  it('names the instance that came closest', () => {
    const { failures } = placeTasks(
      port80,
      [
        candidate({ id: 'x', connected: false }),
        candidate({ id: 'y', ports: [80] }),
        candidate({ id: 'z', memory: 1 }),
      ],
      1,
    );
    expect(closest(failures)).toMatchObject({ instance: { id: 'y' }, reason: 'RESOURCE:PORTS' });
    expect(closest([])).toBeUndefined();
  });

  it('tells how each place was found, however many instances there are', () => {
    const full = Array.from({ length: 50 }, (_, index) => candidate({ id: `full-${index}`, memory: 1 }));
    const { placed } = placeTasks(
      small,
      [
        ...full,
        candidate({ id: 'x', status: 'DRAINING' }),
        candidate({ id: 'y', connected: false }),
        candidate({ id: 'a', kin: 2, memory: 900 }),
        candidate({ id: 'b', zone: 'b', kin: 1, memory: 400 }),
        candidate({ id: 'c', zone: 'b', memory: 500 }),
      ],
      2,
    );
    const excluded = [
      { reason: 'RESOURCE:MEMORY', count: 50, instanceIds: ['full-0', 'full-1', 'full-2'] },
      { reason: 'DRAINING', count: 1, instanceIds: ['x'] },
      { reason: 'AGENT', count: 1, instanceIds: ['y'] },
    ];
    const [first, second] = placed;
    expect(first?.instance.id).toBe('c');
    expect(first?.decision).toEqual({ considered: 55, able: 3, excluded, kinInZone: 1, memoryFree: 500 });
    // It now stands in that zone as well, and c is nearly full.
    expect(second?.instance.id).toBe('a');
    expect(second?.decision).toMatchObject({
      able: 2,
      kinInZone: 2,
      memoryFree: 900,
      excluded: [{ reason: 'RESOURCE:MEMORY', count: 51 }, {}, {}],
    });
  });

  it('says by what all were excluded', () => {
    const { excluded } = placeTasks(
      port80,
      [candidate({ id: 'x', ports: [80] }), candidate({ id: 'y', connected: false })],
      1,
    );
    expect(excluded).toEqual([
      { reason: 'RESOURCE:PORTS', count: 1, instanceIds: ['x'] },
      { reason: 'AGENT', count: 1, instanceIds: ['y'] },
    ]);
  });

  it('never takes more than there is, and leaves no room for one more', () => {
    const shape = fc.record({
      zone: fc.constantFrom('a', 'b'),
      cpu: fc.nat(2048),
      memory: fc.nat(2048),
      connected: fc.boolean(),
      ports: fc.subarray([80, 443]),
    });
    const needs = fc.record({
      cpu: fc.nat(512),
      memory: fc.integer({ min: 1, max: 512 }),
      ports: fc.subarray([80, 443]).map((ports) => ports.map((port) => ({ port, protocol: 'tcp' as const }))),
      attributes: fc.constant([]),
      gpu: fc.constant(false),
      ownInterface: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(shape, { maxLength: 5 }), needs, fc.nat(8), (shapes, wanted, count) => {
        const all = shapes.map((each, index) => candidate({ id: `i${index}`, ...each }));
        const { placed, failures } = placeTasks(wanted, all, count);
        const after = all.map((each) =>
          placed
            .filter(({ instance }) => instance.id === each.instance.id)
            .reduce((state) => afterTaking(state, wanted), each),
        );
        for (const { remaining, interfacesInUse } of after) {
          expect(Math.min(remaining.cpu, remaining.memory)).toBeGreaterThanOrEqual(0);
          expect(interfacesInUse).toBeLessThanOrEqual(1);
          expect(new Set(remaining.ports.map(({ port }) => port)).size).toBe(remaining.ports.length);
        }
        if (placed.length < count) {
          expect(after.every((each) => obstacle(each, wanted) !== undefined)).toBe(true);
          expect(failures.length).toBe(all.length);
        }
      }),
    );
  });
});
