import type * as sdk from '@aws-sdk/client-ec2';
import { instanceTypes } from '../../model/ec2/instance-types.ts';
import type { Instance } from '../../model/ec2/instance.ts';
import { describeRows } from './describe.ts';
import { badCombination, badValue, invalidValue, unsupported } from './errors.ts';
import type { Ec2Operations } from './operation.ts';
import { kinds } from './resources.ts';

/** What every burstable instance here has: nothing counts its credits, so that it is never held to its baseline. */
const cpuCredits = 'unlimited';

/** Takes what RunInstances asks of CPU credits where it is what an instance of this type has anyway. */
export function checkCredits(asked: sdk.CreditSpecificationRequest | undefined, type: string): void {
  const { CpuCredits: credits } = asked ?? {};
  if (credits === undefined || credits === '') return;
  if (instanceTypes.get(type)?.burstable !== true) {
    throw badCombination(`The ${type} instance type does not support credit specification.`);
  }
  if (credits === 'standard') throw unsupported('Holding an instance to its baseline (CpuCredits = "standard")');
  if (credits !== cpuCredits)
    throw badValue(credits, 'CreditSpecification.CpuCredits', 'Specify standard or unlimited.');
}

function isBurstable({ instanceType }: Instance): boolean {
  return instanceTypes.get(instanceType)?.burstable === true;
}

/** "Burstable performance instances", EC2 User Guide. */
export const creditSpecificationOperations = {
  DescribeInstanceCreditSpecifications: {
    takes: ['InstanceIds', 'Filters', 'MaxResults', 'NextToken'],
    run(input, call) {
      const named = { ids: input.InstanceIds, name: 'instanceIds' };
      const { rows, token } = describeRows(call, kinds.instance, input, named, { 'instance-id': ({ id }) => id });
      const other = rows.find((row) => !isBurstable(row));
      if (other !== undefined && (input.InstanceIds?.length ?? 0) > 0) {
        throw invalidValue(`The instance ${other.id} is not a burstable performance instance.`);
      }
      const shown = rows.filter((row) => isBurstable(row) && row.state !== 'terminated');
      return {
        InstanceCreditSpecifications: shown.map(({ id }) => ({ InstanceId: id, CpuCredits: cpuCredits })),
        ...token,
      };
    },
  },
} satisfies Ec2Operations;
