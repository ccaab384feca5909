import type { PlacementConstraint, PlacementStrategy } from '@aws-sdk/client-ecs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededIds } from '../../base/ids.ts';
import type { TaskNeeds } from './needs.ts';
import { placementRules } from './placement-rules.ts';
import { placeTasks, type Candidate } from './placement.ts';

interface Shape {
  readonly id: string;
  readonly zone?: string;
  readonly cpu?: number;
  readonly memory?: number;
  readonly kin?: number;
  readonly groups?: readonly string[];
  readonly attributes?: Readonly<Record<string, string>>;
}

function candidate({
  id,
  zone = 'a',
  cpu = 1024,
  memory = 1000,
  kin = 0,
  groups = [],
  attributes = {},
}: Shape): Candidate {
  const resources = { cpu, memory, ports: [] };
  return {
    instance: {
      account: '000000000000',
      region: 'us-east-1',
      arn: `arn:${id}`,
      id,
      clusterArn: 'arn:cluster',
      machineId: id,
      status: 'ACTIVE',
      availabilityZone: zone,
      taskInterfaces: 1,
      resources,
      attributes: Object.entries(attributes).map(([name, value]) => ({ name, value })),
      versionInfo: { agentVersion: '1.105.1' },
      tags: [],
      registeredAt: 0,
      version: 1,
    },
    connected: true,
    groups,
    runningTasks: groups.length,
    remaining: resources,
    interfacesInUse: 0,
    kin,
  };
}

const group = 'service:web';
const needs = (
  constraints: readonly PlacementConstraint[],
  strategy: readonly PlacementStrategy[] = [],
): TaskNeeds => ({
  cpu: 100,
  memory: 100,
  ports: [],
  attributes: [],
  gpu: false,
  ownInterface: false,
  rules: placementRules(constraints, strategy, group),
});
const memberOf = (expression: string): PlacementConstraint => ({ type: 'memberOf', expression });
const distinct: PlacementConstraint = { type: 'distinctInstance' };

describe('constraints', () => {
  const place = (constraints: readonly PlacementConstraint[], count: number, shapes: readonly Shape[]) => {
    const { placed, failures } = placeTasks(needs(constraints), shapes.map(candidate), count);
    return [
      placed.map(({ instance }) => instance.id).join(' '),
      failures.map(({ instance, reason }) => `${instance.id} ${reason}`),
    ];
  };
  const member = 'MemberOf placement constraint unsatisfied.';
  const alone = 'DistinctInstance placement constraint unsatisfied.';

  it.each([
    ['one task on each', [distinct], 3, [{ id: 'x' }, { id: 'y' }], 'x y', [`x ${alone}`, `y ${alone}`]],
    ['not where one stands already', [distinct], 1, [{ id: 'x', kin: 1 }, { id: 'y' }], 'y', []],
    [
      'those with an attribute',
      [memberOf('attribute:stack == prod')],
      1,
      [{ id: 'x' }, { id: 'y', attributes: { stack: 'prod' } }],
      'y',
      [],
    ],
    [
      'all of them are to hold',
      [memberOf('attribute:stack == prod'), memberOf('attribute:disk exists')],
      1,
      [{ id: 'x', attributes: { stack: 'prod' } }],
      '',
      [`x ${member}`],
    ],
    [
      'beside tasks of another group',
      [memberOf('task:group == family:db')],
      2,
      [{ id: 'x' }, { id: 'y', memory: 500, groups: ['family:db'] }],
      'y y',
      [],
    ],
    [
      'away from tasks of its own',
      [memberOf(`not(task:group == ${group})`)],
      3,
      [{ id: 'x' }, { id: 'y' }],
      'x y',
      [`x ${member}`, `y ${member}`],
    ],
    ['an expression that asks for the agent', [memberOf('agentVersion >= 1.50.0')], 1, [{ id: 'x' }], 'x', []],
    [
      'what is full fails for that',
      [memberOf('attribute:a exists')],
      1,
      [{ id: 'x', memory: 1 }],
      '',
      ['x RESOURCE:MEMORY'],
    ],
  ] as const)('%s', (_, constraints, count, shapes, placed, failures) => {
    expect(place(constraints, count, shapes)).toEqual([placed, failures]);
  });
});

describe('strategies', () => {
  const spread = (field: string): PlacementStrategy => ({ type: 'spread', field });
  const binpack = (field: string): PlacementStrategy => ({ type: 'binpack', field });
  const place = (strategy: readonly PlacementStrategy[], count: number, shapes: readonly Shape[]) =>
    placeTasks(needs([], strategy), shapes.map(candidate), count)
      .placed.map(({ instance }) => instance.id)
      .join(' ');

  it.each([
    [
      'spread over instances',
      [spread('instanceId')],
      4,
      [{ id: 'x', memory: 400 }, { id: 'y' }, { id: 'z', kin: 1 }],
      'y x z y',
    ],
    [
      'spread over the values of an attribute',
      [spread('attribute:rack')],
      3,
      [
        { id: 'x', attributes: { rack: '1' } },
        { id: 'y', attributes: { rack: '1' } },
        { id: 'z', memory: 500, attributes: { rack: '2' } },
      ],
      'x z y',
    ],
    [
      'spread over zones, then pack by memory',
      [spread('attribute:ecs.availability-zone'), binpack('MEMORY')],
      3,
      [{ id: 'x' }, { id: 'y', memory: 300 }, { id: 'z', zone: 'b' }],
      'y z y',
    ],
    ['pack by memory', [binpack('MEMORY')], 4, [{ id: 'x' }, { id: 'y', memory: 300 }], 'y y y x'],
    [
      'pack by CPU',
      [binpack('CPU')],
      2,
      [
        { id: 'x', cpu: 150 },
        { id: 'y', memory: 200 },
      ],
      'x y',
    ],
  ] as const)('%s', (_, strategy, count, shapes, expected) => {
    expect(place(strategy, count, shapes)).toBe(expected);
  });

  it('choose any of those that can, at random', () => {
    const ids = seededIds(1);
    const shapes = ['x', 'y', 'z'].map((id) => candidate({ id, memory: 100_000, cpu: 100_000 }));
    const { placed } = placeTasks(needs([], [{ type: 'random' }]), shapes, 90, () => ids.random());
    const counts = ['x', 'y', 'z'].map((id) => placed.filter(({ instance }) => instance.id === id).length);
    for (const count of counts) expect(count).toBeGreaterThan(15);
  });

  it('tell by what a place was chosen', () => {
    const { placed } = placeTasks(needs([], [spread('instanceId'), { type: 'random' }]), [candidate({ id: 'x' })], 1);
    expect(placed[0]?.decision.strategy).toEqual(['spread(instanceId)', 'random']);
  });

  const shapes = fc.array(
    fc.record({
      zone: fc.constantFrom('a', 'b', 'c'),
      cpu: fc.integer({ min: 0, max: 500 }),
      memory: fc.integer({ min: 0, max: 500 }),
      kin: fc.integer({ min: 0, max: 3 }),
    }),
    { maxLength: 8 },
  );
  const strategies = fc.array(
    fc.constantFrom<PlacementStrategy>(
      { type: 'random' },
      spread('instanceId'),
      spread('attribute:ecs.availability-zone'),
      binpack('CPU'),
      binpack('MEMORY'),
    ),
    { maxLength: 3 },
  );

  it('never decide whether a task is placed, only where; and nothing is placed where it does not fit', () => {
    fc.assert(
      fc.property(shapes, strategies, fc.integer({ min: 1, max: 20 }), fc.boolean(), (rows, strategy, count, alone) => {
        const candidates = rows.map((row, index) => candidate({ id: `i${index}`, ...row }));
        const constraints = alone ? [distinct] : [];
        const ids = seededIds(count);
        const { placed } = placeTasks(needs(constraints, strategy), candidates, count, () => ids.random());
        const rooms = candidates.map(({ remaining, kin }) => {
          const most = Math.min(Math.floor(remaining.cpu / 100), Math.floor(remaining.memory / 100));
          return alone ? Math.min(most, kin > 0 ? 0 : 1) : most;
        });
        expect(placed).toHaveLength(
          Math.min(
            count,
            rooms.reduce((sum, room) => sum + room, 0),
          ),
        );
        for (const [index, { instance }] of candidates.entries()) {
          expect(placed.filter((one) => one.instance.id === instance.id).length).toBeLessThanOrEqual(rooms[index] ?? 0);
        }
      }),
    );
  });
});
