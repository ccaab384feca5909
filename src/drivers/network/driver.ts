import type { Server, Socket as Connection } from 'node:net';
import type { Socket } from 'node:dgram';
import type { VpcSpec } from '../../wire/network-spec.ts';
import type { NetworkFault, RunningFaults } from './faults.ts';

/** What passed an interface since it was attached, as the kernel counts it from the task's side. */
export interface InterfaceCounters {
  readonly rxBytes: number;
  readonly rxPackets: number;
  readonly rxErrors: number;
  readonly rxDropped: number;
  readonly txBytes: number;
  readonly txPackets: number;
  readonly txErrors: number;
  readonly txDropped: number;
}

/**
 * Realises VPCs on this machine: address plans, routing, public addresses and security groups. Every call is idempotent;
 * what was made survives the death of this process and is found again. Failures are `DriverError`s.
 */
export interface NetworkDriver {
  /**
   * Makes the VPC as `spec` says: creates what is missing, changes what differs, removes what is gone, and leaves
   * established connections alone. Interfaces of kind `task` get their policy here, before anything is attached.
   */
  applyVpc(spec: VpcSpec): Promise<void>;
  /**
   * Looks whether an applied VPC and the host's part of it are still there and mends what somebody took away. Happens from
   * time to time by itself, and when `applyVpc` is told what it was told before.
   */
  verifyVpc(vpcId: string): Promise<void>;
  /** Removes a VPC and everything attached; one that does not exist is fine. */
  removeVpc(vpcId: string): Promise<void>;
  /** The VPCs that exist on this machine, of this installation only. */
  listVpcs(): Promise<string[]>;
  /**
   * Gives the network namespace of the process `pid` (a pause container in network mode `none`) the interface as its
   * `eth0`. The interface must be in the VPC's applied spec. Attaching again, also to another pid, replaces.
   */
  attach(vpcId: string, interfaceId: string, pid: number): Promise<void>;
  /** Takes the interface away; one that is not attached is fine. */
  detach(vpcId: string, interfaceId: string): Promise<void>;
  /** The interfaces attached in a VPC. */
  listAttached(vpcId: string): Promise<string[]>;
  /** What passed an attached interface; `gone` when it is not attached. */
  counters(vpcId: string, interfaceId: string): Promise<InterfaceCounters>;
  /**
   * Makes the network namespace of the process `pid`, which has an interface, that of an instance: with a bridge inside,
   * 172.17.0.1/16, for containers in bridge mode. What is there already is left as it is.
   */
  openInstance(pid: number): Promise<void>;
  /**
   * Hangs a container on the bridge of the instance that `instancePid` stands for, and opens its host ports there, for everybody
   * whom the instance's security groups let in. Again, or for another process, replaces.
   */
  plug(instancePid: number, endpoint: BridgeEndpoint): Promise<void>;
  /**
   * Looks whether an instance still has its inside, with these containers on its bridge, and mends what somebody took away; answers
   * whether a container had lost anything. What is there is left alone, connections included.
   */
  verifyInstance(pid: number, endpoints: readonly BridgeEndpoint[]): Promise<boolean>;
  /** Closes a container's ports and takes it off the bridge; one that is not there is fine, and so is an instance that is gone. */
  unplug(instancePid: number, address: string): Promise<void>;
  /**
   * Injures the network of an attached interface's task, in the task's own namespace: it ends with the task at the latest.
   * What goes on already goes on. `fatal` where the kernel cannot do it, and then nothing is done; `gone` when it is not
   * attached.
   */
  startFault(vpcId: string, interfaceId: string, fault: NetworkFault): Promise<void>;
  /** Ends an injury: a dropped port by its name, delay and loss both by their kind; one that does not go on is fine. */
  stopFault(vpcId: string, interfaceId: string, fault: string): Promise<void>;
  /** The injuries that go on. */
  faults(vpcId: string, interfaceId: string): Promise<RunningFaults>;
  /** Listens on an address inside the VPC (the metadata and resolver addresses, a balancer's). */
  listenTcp(vpcId: string, address: string, port: number): Promise<Server>;
  /** Binds a datagram socket on an address inside the VPC. */
  bindUdp(vpcId: string, address: string, port: number): Promise<Socket>;
  /**
   * Connects to a TCP port as the process `pid` would: in its network namespace, where `localhost` is its own, and with its own
   * `/etc/hosts` and resolver for names. The connection is paused, for the caller to resume.
   */
  connectTcp(pid: number, host: string, port: number): Promise<Connection>;
  /** The path of the VPC's network namespace, for the balancer driver. */
  namespaceOf(vpcId: string): string;
  /** Removes every VPC of this installation and all it made on the host, whoever made it: also an earlier process. */
  removeAll(): Promise<void>;
  /** Frees what this process holds (sockets, children), leaving the networks as they are. */
  close(): Promise<void>;
}

/** A container in bridge mode. */
export interface BridgeEndpoint {
  /** Of 172.17.0.0/16; unique on its instance. */
  readonly address: string;
  /** The process whose network namespace (network mode `none`) gets it. */
  readonly pid: number;
  readonly ports: readonly {
    readonly protocol: 'tcp' | 'udp';
    readonly hostPort: number;
    readonly containerPort: number;
  }[];
}

/** The link-local address of the metadata and credentials server in every VPC. */
export const metadataAddress = '169.254.170.2';
/** The link-local address of the instance metadata service, in VPCs where somebody may ask it. */
export const instanceMetadataAddress = '169.254.169.254';
/**
 * From this port on come the connections to the instance metadata service of containers on an instance's bridge, which are a hop
 * further away than the instance itself: whatever leaves the instance has its address, so that the port has to tell.
 */
export const firstBridgePort = 61_000;
/** The port at the metadata address where the AWS APIs are served to tasks. */
export const apiPort = 4566;
/** The link-local address of the resolver in every VPC. */
export const resolverAddress = '169.254.169.253';
