import { createHash } from 'node:crypto';
import type { ContainerSpec } from '../../drivers/docker/driver.ts';

/** What a sandbox's label says of it. */
export interface SandboxLabel {
  /** `<VPC> <address>`. */
  readonly place: string;
  /** What the engine fixed when it made the container, in short: a task takes no other than it would make itself. */
  readonly shape: string;
  /** Its own, drawn: tells those that this process makes from those of one before it. */
  readonly nonce: string;
}

/** The place of an interface. */
export function placeOf(vpcId: string, privateIp: string): string {
  return `${vpcId} ${privateIp}`;
}

/** A digest of all that is fixed when a container is made, its name and labels aside. */
export function shapeOf({ name: _name, labels: _labels, ...shape }: Partial<ContainerSpec>): string {
  const sorted = (_key: string, value: unknown): unknown =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value;
  return createHash('sha256').update(JSON.stringify(shape, sorted)).digest('hex').slice(0, 16);
}

/** The label as the engine keeps it. */
export function labelText({ place, shape, nonce }: SandboxLabel): string {
  return `${place} ${shape} ${nonce}`;
}

/** Reads it; `undefined` for anything else. */
export function parseLabel(text: string | undefined): SandboxLabel | undefined {
  const [vpcId, address, shape, nonce, ...more] = text?.split(' ') ?? [];
  if (vpcId === undefined || address === undefined || shape === undefined || nonce === undefined) return undefined;
  return more.length > 0 ? undefined : { place: placeOf(vpcId, address), shape, nonce };
}
