import type { Applied, Machine } from '../../model/fleet/machine.ts';
import { table } from '../table.ts';

/** Machines, by id. */
export const machines = table<Machine>()({
  name: 'fleet.machines',
  key: (row) => row.id,
  indexes: { connected: (row) => (row.connected ? 'yes' : 'no') },
});

/** What machines said of the VPCs and load balancers they were told of; gone once the machine was told to forget them. */
export const applied = table<Applied>()({
  name: 'fleet.applied',
  key: (row) => appliedKey(row.kind, row.id, row.machineId),
  indexes: { machine: (row) => row.machineId, subject: (row) => row.id },
});

/** The key of what a machine said of a VPC (id) or a load balancer (ARN). */
export function appliedKey(kind: Applied['kind'], id: string, machineId: string): string {
  return `${kind} ${id} ${machineId}`;
}
