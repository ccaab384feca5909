import type { NatGateway } from '../../model/ec2/network.ts';

/** What is looked at for one NAT gateway. */
export interface ObservedNatGateway {
  readonly nat: NatGateway;
  /** Whether its VPC has an internet gateway. */
  readonly hasInternetGateway: boolean;
  /** Its Elastic IP address; absent when it was released. */
  readonly address: { readonly free: boolean } | undefined;
}

/** What to do about it. */
export type NatGatewayStep =
  /** Give it its address: it serves. */
  | { readonly kind: 'open' }
  /** It cannot serve, and never will. */
  | { readonly kind: 'fail'; readonly code: string; readonly message: string }
  /** Give its addresses back: it is deleted. */
  | { readonly kind: 'close' }
  /** Nobody asks for it any more. */
  | { readonly kind: 'forget' };

/** How long an ended NAT gateway can still be described, in milliseconds ("NAT gateways", Amazon VPC User Guide). */
export const endedLifeMs = 60 * 60 * 1000;

/** Decides the next step of a NAT gateway's life; failures are those of "Troubleshoot NAT gateways" (VPC User Guide). */
export function planNatGateway(observed: ObservedNatGateway, now: number): NatGatewayStep | undefined {
  const { nat, hasInternetGateway, address } = observed;
  switch (nat.state) {
    case 'pending':
      if (!hasInternetGateway) {
        const message = `Network ${nat.vpcId} has no Internet gateway attached`;
        return { kind: 'fail', code: 'Gateway.NotAttached', message };
      }
      if (address === undefined) {
        const message = `Elastic IP address ${nat.allocationId} could not be found`;
        return { kind: 'fail', code: 'InvalidAllocationID.NotFound', message };
      }
      if (!address.free) {
        const message = `Elastic IP address ${nat.allocationId} is already associated`;
        return { kind: 'fail', code: 'Resource.AlreadyAssociated', message };
      }
      return { kind: 'open' };
    case 'deleting':
      return { kind: 'close' };
    case 'failed':
    case 'deleted':
      return now >= (nat.endedAt ?? nat.createdAt) + endedLifeMs ? { kind: 'forget' } : undefined;
    case 'available':
      return undefined;
  }
}
