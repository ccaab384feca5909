import type * as sdk from '@aws-sdk/client-ssm';
import type { Handlers } from '../../aws/handlers.ts';
import { AwsError } from '../../base/errors.ts';
import { parameterKey, parameterVersions } from '../../store/tables/ssm.ts';
import { violated } from '../constraints.ts';
import type { SsmDeps } from './deps.ts';
import { parameterOf, versionOf } from './names.ts';

/** As many as a version may carry ("Working with parameter labels", Systems Manager User Guide). */
const mostLabels = 10;

/** Labels of versions: a label is on one version of a parameter at a time. */
export function labelHandlers({ store }: SsmDeps) {
  return {
    LabelParameterVersion(input, ctx) {
      const given = readLabels(input.Labels);
      const invalid = given.filter((label) => !isLabel(label));
      const valid = given.filter(isLabel);
      const target = store.transact((tx) => {
        const parameter = parameterOf(tx, ctx, input.Name);
        const version = versionOf(tx, parameter, input.ParameterVersion);
        const labels = [...new Set([...version.labels, ...valid])];
        if (labels.length > mostLabels) {
          throw new AwsError(
            'ParameterVersionLabelLimitExceeded',
            'A parameter version can have a maximum of ten labels. Move one or more labels to another version and try again.',
          );
        }
        const others = tx.by(parameterVersions, 'parameter', parameterKey(parameter, parameter.name));
        for (const other of others.filter((each) => each.labels.some((label) => valid.includes(label)))) {
          tx.put(parameterVersions, { ...other, labels: other.labels.filter((label) => !valid.includes(label)) });
        }
        tx.put(parameterVersions, { ...version, labels });
        return version;
      });
      return { InvalidLabels: invalid, ParameterVersion: target.version };
    },

    UnlabelParameterVersion(input, ctx) {
      const given = readLabels(input.Labels);
      return store.transact((tx) => {
        const version = versionOf(tx, parameterOf(tx, ctx, input.Name), input.ParameterVersion);
        const removed = given.filter((label) => version.labels.includes(label));
        tx.put(parameterVersions, { ...version, labels: version.labels.filter((label) => !removed.includes(label)) });
        return { RemovedLabels: removed, InvalidLabels: given.filter((label) => !removed.includes(label)) };
      });
    },
  } satisfies Handlers<typeof sdk>;
}

function readLabels(labels: readonly string[] | undefined): string[] {
  const given = [...new Set(labels ?? [])];
  const must = (what: string) => violated({ member: 'labels', value: given, must: what });
  if (given.length === 0) throw must('Member must have length greater than or equal to 1');
  if (given.length > mostLabels) throw must('Member must have length less than or equal to 10');
  if (given.some((label) => label.length === 0 || label.length > 100)) {
    throw must(
      'Member must satisfy constraint: [Member must have length less than or equal to 100, Member must have length greater than or equal to 1]',
    );
  }
  return given;
}

/** Letters, digits, dots, hyphens and underscores; it begins with none of `aws`, `ssm` or a digit. */
function isLabel(label: string): boolean {
  return /^(?!aws|ssm|\d)[a-zA-Z0-9_.-]+$/i.test(label);
}
