import { createHash } from 'node:crypto';
import { balancerHost, type Machine } from '../model/fleet/machine.ts';
import type { Reader } from '../store/store.ts';
import { instances, networkInterfaces, vpcs } from '../store/tables/ec2.ts';
import { tasks } from '../store/tables/ecs.ts';
import { machines } from '../store/tables/fleet.ts';
import type { OverlayMachine, OverlaySpec, VpcSpec } from '../wire/network-spec.ts';

/** The highest identifier of a VPC: the one above is that of the tunnels between hosts, and 0 nobody's. */
const highestVni = 2 ** 24 - 2;

/**
 * What the machine `machineId` is told of a VPC: which of its interfaces are there, and which on which other machine.
 * `undefined` when it has nothing of it. Load balancers and NAT gateways are on the control plane's own machine, which is told
 * of every VPC; while that one has all of a VPC, its spec is left as it is.
 */
export function partOf(store: Reader, spec: VpcSpec, machineId: string, port: number): VpcSpec | undefined {
  const all = store.list(machines);
  const gateway = all.find(carriesBalancers);
  // Before it ever introduced itself there is no other.
  if (gateway === undefined) return spec;
  const here = store.get(machines, machineId);
  const others = all.filter((each) => each.id !== machineId && overlayMachine(each) !== undefined);
  const isGateway = gateway.id === machineId;
  if (isGateway && others.length === 0) return spec;

  const interfaces = spec.interfaces.map((each) => {
    const at = machineOf(store, each.interfaceId) ?? gateway.id;
    if (at === machineId) return each;
    // Each machine has the link-local services of its own.
    const { instanceMetadata: _elsewhere, ...remote } = each;
    return { ...remote, machine: store.get(machines, at)?.underlay ?? '' };
  });
  const isHere = interfaces.some(({ machine }) => machine === undefined);
  const isElsewhere = interfaces.some(({ machine }) => machine !== undefined);
  if (isGateway && !isElsewhere) return spec;
  if (!isGateway && !isHere) return undefined;
  const own = here && overlayMachine(here);
  if (own === undefined) return { ...spec, interfaces };
  const overlay: OverlaySpec = {
    vni: vniOf(store, spec.vpcId),
    port,
    here: own,
    machines: others.flatMap((each) => overlayMachine(each) ?? []).sort((a, b) => (a.underlay < b.underlay ? -1 : 1)),
    ...(isGateway || gateway.underlay === undefined ? {} : { gateway: gateway.underlay }),
  };
  return { ...spec, interfaces, overlay };
}

/** The machine that an interface hangs on; `undefined` for those of balancers and NAT gateways, and where nothing is placed yet. */
function machineOf(store: Reader, interfaceId: string): string | undefined {
  const owner = store.get(networkInterfaces, interfaceId)?.owner;
  switch (owner?.kind) {
    case 'task': {
      const machineId = store.get(tasks, owner.arn)?.machineId;
      // The agent of an EC2 instance goes by the instance's id.
      return machineId === undefined ? undefined : (store.get(instances, machineId)?.hostId ?? machineId);
    }
    case 'instance':
      return store.get(instances, owner.id)?.hostId;
    default:
      return undefined;
  }
}

function carriesBalancers({ attributes }: Machine): boolean {
  return attributes.some(({ name }) => name === balancerHost);
}

function overlayMachine({ underlay, hostAddress }: Machine): OverlayMachine | undefined {
  return underlay === undefined || hostAddress === undefined ? undefined : { underlay, hostAddress };
}

/** The identifier of a VPC's tunnels: made from its id, or the next free one should two come to the same. */
export function vniOf(store: Reader, vpcId: string): number {
  const taken = new Map<number, string>();
  const older = store.list(vpcs).sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
  for (const { id } of older) {
    let vni = 1 + (createHash('sha256').update(id).digest().readUIntBE(0, 3) % highestVni);
    while (taken.has(vni)) vni = (vni % highestVni) + 1;
    if (id === vpcId) return vni;
    taken.set(vni, id);
  }
  return 0;
}
