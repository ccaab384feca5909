import type { Policy } from '../../model/iam/identity.ts';
import type { Reader } from '../../store/store.ts';
import { policies } from '../../store/tables/iam.ts';
import { awsManagedPolicies } from './managed-policies.ts';
import { iamErrors } from './names.ts';

/** AWS's own policies are older than any installation. */
const awsEpoch = 1_423_180_800_000;

const missing = (policyArn: string | undefined): Error =>
  iamErrors.noSuchEntity(`Policy ${policyArn} does not exist or is not attachable.`);

/** A managed policy, AWS's own or a customer's, in one shape. Throws `NoSuchEntity`. */
export function policyOf(reader: Reader, account: string, policyArn: string | undefined): Policy {
  const own = reader.get(policies, policyArn ?? '');
  if (own !== undefined && own.account === account) return own;
  const aws = awsManagedPolicies.get(policyArn ?? '');
  if (aws === undefined) throw missing(policyArn);
  return {
    account: 'aws',
    arn: aws.arn,
    id: aws.id,
    name: aws.name,
    path: aws.path,
    createdAt: awsEpoch,
    tags: [],
    versions: [{ id: 'v1', document: aws.document, createdAt: awsEpoch }],
    defaultVersion: 'v1',
    nextVersion: 2,
  };
}
