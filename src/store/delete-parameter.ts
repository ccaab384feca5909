import type { Parameter } from '../model/ssm/parameter.ts';
import type { Transaction } from './store.ts';
import { parameterKey, parameters, parameterVersionKey, parameterVersions } from './tables/ssm.ts';

/** Deletes a parameter with all its versions. */
export function deleteParameter(tx: Transaction, parameter: Parameter): void {
  const key = parameterKey(parameter, parameter.name);
  for (const { name, version } of tx.by(parameterVersions, 'parameter', key)) {
    tx.delete(parameterVersions, parameterVersionKey(parameter, name, version));
  }
  tx.delete(parameters, key);
}
