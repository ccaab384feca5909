import { applyService } from '../../control/services/apply.ts';
import { observeService } from '../../control/services/observe.ts';
import { planService } from '../../control/services/plan.ts';
import { ctx, ecsFixture } from '../../services/ecs/fixture.ts';
import type { Store } from '../../store/store.ts';
import { containerInstances, services } from '../../store/tables/ecs.ts';
import { machines } from '../../store/tables/fleet.ts';

/** A container instance of a `viewFixture`. */
export interface FixtureInstance {
  readonly id: string;
  readonly zone?: string;
  readonly memory?: number;
  readonly connected?: boolean;
  readonly attributes?: readonly { readonly name: string; readonly value?: string }[];
}

/** The cluster of a `viewFixture`. */
export const clusterArn = 'arn:aws:ecs:us-east-1:000000000000:cluster/default';

/** ECS's handlers on a store, with container instances and a service scheduler that runs when it is told to. For tests only. */
export function viewFixture() {
  const { ecs, store, clock, ids } = ecsFixture();
  return {
    ecs,
    store,
    clock,
    ctx,
    instance: (shape: FixtureInstance) => putInstance(store, shape),
    /** One turn of the service scheduler. */
    schedule(name: string) {
      const service = store.list(services).find((row) => row.name === name);
      const observed = service && observeService(store, service.arn);
      if (observed !== undefined) applyService(store, observed, planService(observed, clock.now(), ids).steps);
    },
  };
}

function putInstance(store: Store, shape: FixtureInstance): string {
  const { id, zone = 'us-east-1a', memory = 1000, connected = true, attributes = [] } = shape;
  const arn = `arn:aws:ecs:us-east-1:000000000000:container-instance/default/${id}`;
  const scope = { account: '000000000000', region: 'us-east-1' };
  store.transact((tx) => {
    tx.put(containerInstances, {
      ...scope,
      arn,
      id,
      clusterArn,
      ec2InstanceId: `i-${id}`,
      machineId: `i-${id}`,
      status: 'ACTIVE',
      availabilityZone: zone,
      taskInterfaces: 2,
      resources: { cpu: 1024, memory, ports: [{ port: 22, protocol: 'tcp' }] },
      attributes: [{ name: 'ecs.instance-type', value: 't3.small' }, ...attributes],
      versionInfo: {},
      tags: [],
      registeredAt: 0,
      version: 1,
    });
    tx.put(machines, {
      id: `i-${id}`,
      clusterArn,
      containerInstanceArn: arn,
      isInstance: true,
      attributes: [],
      resources: { cpu: 1024, memory },
      connected,
      connectedAt: 0,
      ...(connected ? {} : { disconnectedAt: 1000 }),
      lastSequence: 0,
    });
  });
  return arn;
}
