import type { Activation, ManagedNode } from '../../model/ssm/managed-node.ts';
import { canonicalName, type Parameter, type ParameterVersion } from '../../model/ssm/parameter.ts';
import { scopeOf, type Scoped } from '../../model/tags.ts';
import { table } from '../table.ts';

/** Parameters, by account, region and name. */
export const parameters = table<Parameter>()({
  name: 'ssm.parameters',
  key: (row) => parameterKey(row, row.name),
  indexes: { scope: scopeOf, due: (row) => (row.expiresAt === undefined ? undefined : 'due') },
});

/** Their versions. */
export const parameterVersions = table<ParameterVersion>()({
  name: 'ssm.parameter-versions',
  key: (row) => parameterVersionKey(row, row.name, row.version),
  indexes: { parameter: (row) => parameterKey(row, row.name) },
});

/** The key of a parameter, and the value of its versions' `parameter` index. */
export function parameterKey(scope: Scoped, name: string): string {
  return `${scopeOf(scope)}/${canonicalName(name)}`;
}

/** The key of a version. Names have no colon. */
export function parameterVersionKey(scope: Scoped, name: string, version: number): string {
  return `${parameterKey(scope, name)}:${version}`;
}

/** Activations, by id: those who register name no account. */
export const activations = table<Activation>()({
  name: 'ssm.activations',
  key: (row) => row.id,
  indexes: { scope: scopeOf },
});

/** Machines that registered with an activation, by id. */
export const managedNodes = table<ManagedNode>()({
  name: 'ssm.managed-nodes',
  key: (row) => row.id,
  indexes: { scope: scopeOf, publicKey: (row) => row.publicKey },
});
