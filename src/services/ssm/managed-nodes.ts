import type * as sdk from '@aws-sdk/client-ssm';
import type { Handlers } from '../../aws/handlers.ts';
import { dateOf } from '../../base/clock.ts';
import { AwsError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import { pingStatusOf, type ManagedNode } from '../../model/ssm/managed-node.ts';
import { scopeOf } from '../../model/tags.ts';
import { managedNodes } from '../../store/tables/ssm.ts';
import { checkRange } from '../constraints.ts';
import { needNodeRole } from './activations.ts';
import type { SsmDeps } from './deps.ts';
import { ssmErrors } from './errors.ts';
import { needNode } from './find-node.ts';
import { page } from './paging.ts';

/** Machines that registered with an activation ("managed nodes"): describing them, and seeing them off. */
export function managedNodeHandlers({ store, clock }: SsmDeps) {
  return {
    /** EC2 instances are managed once an SSM agent runs on them; there is none on those that are here. */
    DescribeInstanceInformation(input, ctx) {
      const { InstanceInformationFilterList: old = [], Filters: filters = [] } = input;
      checkRange('maxResults', input.MaxResults, 5, 50);
      if (old.length > 0 && filters.length > 0) {
        throw ssmErrors.validation('You can use either Filters or InstanceInformationFilterList in a single request.');
      }
      const now = clock.now();
      const asked = [
        ...old.map(({ key, valueSet }) => ({ key: key ?? '', values: valueSet ?? [] })),
        ...filters.map(({ Key, Values }) => ({ key: Key ?? '', values: Values ?? [] })),
      ];
      const tests = asked.map(({ key, values }) => filterOf(key, values, now));
      const found = store.by(managedNodes, 'scope', scopeOf(ctx)).filter((node) => tests.every((test) => test(node)));
      const { rows, rest } = page(found, ({ id }) => id, input, 50, 10);
      return { InstanceInformationList: rows.map((row) => output(row, now)), ...rest };
    },

    DeregisterManagedInstance(input, ctx) {
      const { id } = needNode(store, ctx, input.InstanceId);
      store.transact((tx) => tx.delete(managedNodes, id));
      return {};
    },

    UpdateManagedInstanceRole(input, ctx) {
      const { id } = needNode(store, ctx, input.InstanceId);
      const { name: iamRole } = needNodeRole(store, ctx, input.IamRole);
      store.transact((tx) => tx.update(managedNodes, id, (row) => ({ ...row, iamRole })));
      return {};
    },
  } satisfies Handlers<typeof sdk>;
}

function output(row: ManagedNode, now: number): sdk.InstanceInformation {
  const { report } = row;
  return {
    InstanceId: row.id,
    PingStatus: pingStatusOf(row, now),
    LastPingDateTime: dateOf(row.lastPingAt ?? row.registeredAt),
    ...given('AgentVersion', report.agentVersion),
    ...given('PlatformType', report.platformType as sdk.PlatformType | undefined),
    ...given('PlatformName', report.platformName),
    ...given('PlatformVersion', report.platformVersion),
    ActivationId: row.activationId,
    IamRole: row.iamRole,
    RegistrationDate: dateOf(row.registeredAt),
    ResourceType: 'ManagedInstance',
    ...given('Name', row.name),
    ...given('IPAddress', report.ipAddress),
    ...given('ComputerName', report.computerName),
    SourceId: row.id,
    SourceType: 'AWS::SSM::ManagedInstance',
  };
}

/** "InstanceInformationStringFilter", Systems Manager API Reference: those of `valueSet`, and tags. */
function filterOf(key: string, values: readonly string[], now: number): (row: ManagedNode) => boolean {
  if (values.length === 0) {
    throw new AwsError('InvalidInstanceInformationFilterValue', `The filter ${key} must have at least one value.`);
  }
  const valuesOf = key.startsWith('tag:')
    ? (row: ManagedNode) => row.tags.filter((tag) => key === `tag:${tag.key}`).map(({ value }) => value)
    : filterValues[key];
  if (valuesOf === undefined) throw new AwsError('InvalidFilterKey', `The filter key ${key} is not valid.`);
  return (row) => valuesOf(row, now).some((value) => value !== undefined && values.includes(value));
}

const filterValues: Readonly<Record<string, (row: ManagedNode, now: number) => readonly (string | undefined)[]>> = {
  InstanceIds: ({ id }) => [id],
  AgentVersion: ({ report }) => [report.agentVersion],
  PingStatus: (row, now) => [pingStatusOf(row, now)],
  PlatformTypes: ({ report }) => [report.platformType],
  ActivationIds: ({ activationId }) => [activationId],
  IamRole: ({ iamRole }) => [iamRole],
  ResourceType: () => ['ManagedInstance'],
  // Nothing is ever associated with one here.
  AssociationStatus: () => [],
  SourceIds: ({ id }) => [id],
  SourceTypes: () => ['AWS::SSM::ManagedInstance'],
  'tag-key': ({ tags }) => tags.map(({ key }) => key),
};
