import type { Vpc } from '../../model/ec2/network.ts';
import { scopeOf } from '../../model/tags.ts';
import { vpcs } from '../../store/tables/ec2.ts';
import type { Call } from './operation.ts';

/** The default VPC of an account and region; its owner may have deleted it. */
export function defaultVpcOf(call: Call): Vpc | undefined {
  return call.tx.by(vpcs, 'scope', scopeOf(call)).find((vpc) => vpc.isDefault);
}
