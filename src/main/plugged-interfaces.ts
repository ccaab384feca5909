import type { Clock } from '../base/clock.ts';
import { AwsError, DriverError } from '../base/errors.ts';
import type { NetworkDriver } from '../drivers/network/driver.ts';
import type { NetworkInterface } from '../model/ec2/network.ts';
import type { Reader } from '../store/store.ts';
import { tasks } from '../store/tables/ecs.ts';
import { networkInterfaces } from '../store/tables/ec2.ts';
import { machines } from '../store/tables/fleet.ts';

/** What it takes to hang interfaces into tasks of agents that are not ours. */
export interface PlugDeps {
  readonly store: Reader;
  readonly network: NetworkDriver;
  readonly clock: Clock;
}

/** For how long an interface is waited for of which this machine has not been told yet. */
const patienceMs = 30_000;
const retryMs = 100;

/**
 * Gives the process `pid` (the pause container of a task) the interface with this MAC address, as the CNI plugin of a kit asks for it:
 * a genuine agent on one of our EC2 instances has tasks of the mode awsvpc attached by its plugins, ours by their agent itself.
 */
export async function plugInterface(deps: PlugDeps, query: URLSearchParams): Promise<{ readonly interfaceId: string }> {
  const { network, clock } = deps;
  const { vpcId, id } = interfaceOf(deps.store, query);
  const pid = Number(query.get('pid') ?? '');
  if (!Number.isInteger(pid) || pid < 2) throw new AwsError('ValidationError', 'pid names no process');
  const until = clock.now() + patienceMs;
  for (;;) {
    try {
      await network.attach(vpcId, id, pid);
      return { interfaceId: id };
    } catch (error) {
      // The agent was told of the task as soon as this machine of its interface.
      if (!(error instanceof DriverError) || error.kind === 'fatal' || clock.now() > until) throw error;
    }
    await clock.sleep(retryMs);
  }
}

/** Takes it away again; one that is gone is fine. */
export async function unplugInterface({ store, network }: PlugDeps, query: URLSearchParams): Promise<object> {
  try {
    const { vpcId, id } = interfaceOf(store, query);
    await network.detach(vpcId, id);
  } catch (error) {
    if (!(error instanceof AwsError) || error.code !== 'NotFound') throw error;
  }
  return {};
}

/** The interface of a task whose agent is a genuine one, by its MAC address. */
function interfaceOf(store: Reader, query: URLSearchParams): NetworkInterface {
  const mac = query.get('mac')?.toLowerCase() ?? '';
  const row = store.list(networkInterfaces).find(({ macAddress }) => macAddress === mac);
  const task = row?.owner.kind === 'task' ? store.get(tasks, row.owner.arn) : undefined;
  const machine = task?.machineId === undefined ? undefined : store.get(machines, task.machineId);
  const isOurs = machine?.attributes.some(({ name }) => name.startsWith('stowage.')) ?? true;
  if (row === undefined || isOurs) {
    throw new AwsError('NotFound', `no task of a genuine agent has the interface ${mac}`, { status: 404 });
  }
  return row;
}
