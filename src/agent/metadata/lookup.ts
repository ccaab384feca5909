import { metadataId } from '../tasks/names.ts';
import type { ContainerView, TaskView } from '../tasks/view.ts';

/** Who asks: the VPC whose listener was asked, and the address that the question came from. */
export interface Asker {
  readonly vpcId: string;
  readonly address: string;
}

/** A container that the engine has, and its task. */
export interface Found {
  readonly task: TaskView;
  readonly container: ContainerView & { readonly id: string };
}

/** The addresses in its VPC that a task speaks from: those of its own interface. */
export function addressesOf({ payload }: TaskView): string[] {
  return payload.elasticNetworkInterfaces.flatMap((eni) =>
    eni.ipv4Addresses.map(({ privateAddress }) => privateAddress),
  );
}

/** The interface by which a task takes part in a VPC: its own, or its instance's; `undefined` before it has one. */
export function placeOf({ payload, vpcId, seenFrom }: TaskView): { vpcId: string; interfaceId: string } | undefined {
  if (seenFrom !== undefined) return { vpcId: seenFrom.vpcId, interfaceId: seenFrom.interfaceId };
  const interfaceId = payload.elasticNetworkInterfaces[0]?.ec2Id;
  return vpcId === undefined || interfaceId === undefined ? undefined : { vpcId, interfaceId };
}

/**
 * The tasks that may be the asker. Those that share an address (the tasks of one container instance) are told apart by
 * the id in the path, which each container knows of itself only.
 */
export function tasksOf(tasks: readonly TaskView[], { vpcId, address }: Asker): TaskView[] {
  return tasks.filter(
    (task) =>
      (task.vpcId === vpcId && addressesOf(task).includes(address)) ||
      (task.seenFrom?.vpcId === vpcId && task.seenFrom.address === address),
  );
}

/** The container that finds itself under a metadata id, among the asker's tasks. */
export function findContainer(installationId: string, own: readonly TaskView[], id: string): Found | undefined {
  for (const task of own) {
    for (const container of task.containers) {
      if (metadataId(installationId, task.payload, container.spec.name) !== id) continue;
      return isCreated(container) ? { task, container } : undefined;
    }
  }
  return undefined;
}

/** Whether the engine has made it. */
export function isCreated(container: ContainerView): container is Found['container'] {
  return container.id !== undefined;
}
