import { AwsError } from '../../base/errors.ts';
import { overlaps, parseCidr, type Cidr } from '../../model/ec2/addresses.ts';
import { badValue, missing } from './errors.ts';

/** Ranges that no VPC may have: this network, loopback, link-local, multicast ("VPC CIDR blocks", VPC User Guide). */
const forbidden = ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/4'];

/** Reads a block, dropping host bits as AWS does; throws when the text is none. */
export function readBlock(text: string | undefined, parameter: string): Cidr {
  if (text === undefined || text === '') throw missing(parameter);
  const cidr = parseCidr(text);
  if (cidr === undefined) throw badValue(text, parameter, 'This is not a valid CIDR block.');
  return cidr;
}

/** Reads the block of a VPC: /16 to /28, and none that could not be routed. */
export function readVpcBlock(text: string | undefined, publicPool: string): Cidr {
  const cidr = readBlock(text, 'cidrBlock');
  const invalid = new AwsError('InvalidVpc.Range', `The CIDR '${text ?? ''}' is invalid.`);
  if (cidr.prefixLength < 16 || cidr.prefixLength > 28) throw invalid;
  for (const range of forbidden) if (overlaps(cidr, readBlock(range, 'cidrBlock'))) throw invalid;
  if (overlaps(cidr, readBlock(publicPool, 'cidrBlock'))) {
    throw new AwsError(
      'InvalidVpc.Range',
      `The CIDR '${text ?? ''}' is invalid: it overlaps ${publicPool}, which this installation's public addresses come from.`,
    );
  }
  return cidr;
}
