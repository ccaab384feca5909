import { describe, expect, it } from 'vitest';
import { World, type ServiceOptions } from '../../../test/simulation/world.ts';
import type { Deployment, Service } from '../../model/ecs/service.ts';
import type { Task } from '../../model/ecs/task.ts';
import { tasks } from '../../store/tables/ecs.ts';

// Services that are kept even over two zones, in simulated time.

/** The same service with its PRIMARY deployment's tasks in these subnets from now on, as after a zone came back. */
function among(service: Service, subnets: readonly string[]): Service {
  const deployments = service.deployments.map((one): Deployment => {
    const { networkConfiguration: network } = one;
    return network === undefined ? one : { ...one, networkConfiguration: { ...network, subnets } };
  });
  return { ...service, deployments };
}

const wanted = (world: World): Task[] =>
  world.live().filter(({ desiredStatus, lastStatus }) => desiredStatus === 'RUNNING' && lastStatus !== 'STOPPED');
const spread = (world: World): string =>
  ['us-east-1a', 'us-east-1b']
    .map((zone) => wanted(world).filter(({ availabilityZone }) => availabilityZone === zone).length)
    .join('/');
const steady = (world: World) => (): boolean => world.service().steadyAt !== undefined;
const told = (world: World): string[] => world.events().map((event) => event.replaceAll(/\(task \w+\)/g, '(task)'));

/** A world with a steady service whose tasks all stand in the first zone. */
async function lopsided(options: Partial<ServiceOptions> = {}): Promise<World> {
  const world = await World.begin();
  world.createService({ desired: 4, rebalanced: true, ...options });
  world.update((service) => among(service, ['subnet-a']));
  expect(await world.until(steady(world))).toBe(true);
  expect(spread(world)).toBe(`${options.desired ?? 4}/0`);
  return world;
}

describe('a service over two zones', () => {
  it('moves tasks once it may, and tells each step', async () => {
    const world = await lopsided();
    let most = 0;
    let least = Infinity;
    world.store.watch([tasks], () => {
      const up = wanted(world);
      most = Math.max(most, up.length);
      least = Math.min(least, up.filter(({ scheduling }) => scheduling?.healthyAt !== undefined).length);
    });
    world.update((service) => among(service, ['subnet-a', 'subnet-b']));
    expect(await world.until(() => spread(world) === '2/2' && steady(world)())).toBe(true);
    expect([least, most]).toEqual([4, 6]);
    const from = told(world).findIndex((event) => event.includes('is not AZ balanced'));
    expect(told(world).slice(from)).toEqual([
      'is not AZ balanced with 4 tasks in us-east-1a, 0 tasks in us-east-1b. AZ Rebalancing in progress.',
      'has started 2 tasks in us-east-1b to AZ Rebalance: (task) (task).',
      'has stopped 2 running tasks in us-east-1a due to AZ rebalancing: (task) (task).',
      'is AZ balanced with 2 tasks in us-east-1a, 2 tasks in us-east-1b.',
      'has reached a steady state.',
    ]);
    expect(world.service()).not.toHaveProperty('rebalancing');
    expect(world.service().deployments).toHaveLength(1);
    expect(world.agent.faults).toEqual([]);
  });

  it('takes as many steps as the maximum makes it', async () => {
    const world = await lopsided({ configuration: { maximumPercent: 125 } });
    world.update((service) => among(service, ['subnet-a', 'subnet-b']));
    let most = 0;
    world.store.watch([tasks], () => (most = Math.max(most, wanted(world).length)));
    expect(await world.until(() => spread(world) === '2/2' && steady(world)())).toBe(true);
    expect(most).toBe(5);
    expect(told(world).filter((event) => event.includes('to AZ Rebalance'))).toHaveLength(2);
  });

  it('leaves one that is not to be kept even as it is', async () => {
    const world = await lopsided({ rebalanced: false });
    world.update((service) => among(service, ['subnet-a', 'subnet-b']));
    await world.pass(5_000);
    expect(spread(world)).toBe('4/0');
  });

  it('says so where protection is in the way, and goes on once it is over', async () => {
    const world = await lopsided({ desired: 2 });
    const protectedUntil = world.clock.now() + 20_000;
    for (const { arn } of wanted(world)) {
      world.store.transact((tx) => void tx.update(tasks, arn, (task): Task => ({ ...task, protectedUntil })));
    }
    world.update((service) => among(service, ['subnet-a', 'subnet-b']));
    await world.pass(2_000);
    expect(spread(world)).toBe('2/0');
    expect(told(world)).toContain(
      'was unable to AZ Rebalance because (taskSet ecs-svc/1) was unable to scale in due to (reason 1 tasks under protection)',
    );
    expect(await world.until(() => spread(world) === '1/1' && steady(world)(), 60_000)).toBe(true);
  });

  it('stops where something else happens, and begins again after it', async () => {
    const world = await lopsided();
    world.update((service) => among(service, ['subnet-a', 'subnet-b']));
    expect(await world.until(() => world.service().rebalancing === true)).toBe(true);
    world.update((service) => ({ ...service, desiredCount: 8 }));
    expect(await world.until(() => wanted(world).length === 8 && steady(world)())).toBe(true);
    expect(told(world)).toContain('stopped AZ Rebalancing.');
    expect(await world.until(() => spread(world) === '4/4' && steady(world)())).toBe(true);
  });

  it('goes on after a crash', async () => {
    const world = await lopsided();
    world.update((service) => among(service, ['subnet-a', 'subnet-b']));
    expect(await world.until(() => world.service().rebalancing === true)).toBe(true);
    await world.store.flushed();
    world.crash();
    world.start();
    world.connect();
    expect(await world.until(() => spread(world) === '2/2' && steady(world)())).toBe(true);
    expect(world.agent.faults).toEqual([]);
  });
});
