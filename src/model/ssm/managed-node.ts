import type { Scoped, Tag } from '../tags.ts';

/** A code by which machines outside of EC2 may register, so many times and until a moment. Only the code's hash is known here. */
export interface Activation extends Scoped {
  readonly id: string;
  /** The hexadecimal SHA-256 of the activation code. */
  readonly codeHash: string;
  readonly description?: string;
  /** The name that machines registered by it are listed under. */
  readonly defaultInstanceName?: string;
  /** The role's name, in whose sessions the machines act. */
  readonly iamRole: string;
  readonly registrationLimit: number;
  /** How many machines registered by it. */
  readonly registrations: number;
  readonly createdAt: number;
  readonly expiresAt: number;
  /** Those that its machines get. */
  readonly tags: readonly Tag[];
}

/** What the agent of a machine says of itself (UpdateInstanceInformation), as far as it says anything. */
export interface NodeReport {
  readonly agentName?: string;
  readonly agentVersion?: string;
  readonly computerName?: string;
  readonly ipAddress?: string;
  readonly platformName?: string;
  readonly platformType?: string;
  readonly platformVersion?: string;
}

/** A machine that registered with an activation ("managed node"): `mi-` and 17 hexadecimal digits. */
export interface ManagedNode extends Scoped {
  readonly id: string;
  readonly activationId: string;
  readonly iamRole: string;
  readonly name?: string;
  /** By which it is told from another machine that has a copy of its key; made by its agent. */
  readonly fingerprint: string;
  /** The RSA key that it signs requests for credentials with: DER of a SubjectPublicKeyInfo, in base64. */
  readonly publicKey: string;
  readonly registeredAt: number;
  /** When its agent last asked for credentials or told of itself; absent until it first did. */
  readonly lastPingAt?: number;
  readonly report: NodeReport;
  readonly tags: readonly Tag[];
}

/** Agents tell of themselves every five minutes; one that left out so many is not connected. */
const missedPings = 3;

/** Whether the agent of a node is heard of ("PingStatus", InstanceInformation, Systems Manager API Reference). */
export function pingStatusOf({ lastPingAt }: ManagedNode, now: number): 'Online' | 'ConnectionLost' {
  return lastPingAt !== undefined && now - lastPingAt < missedPings * 5 * 60_000 ? 'Online' : 'ConnectionLost';
}

/** Whether an id is one of a managed node. */
export function isNodeId(id: string): boolean {
  return /^mi-[0-9a-f]{17}$/.test(id);
}
