import type * as sdk from '@aws-sdk/client-ec2';
import { AwsError } from '../../base/errors.ts';
import type { Instance } from '../../model/ec2/instance.ts';
import { architectureOf } from '../../model/ec2/images.ts';
import { instanceStateCodes } from '../../model/ec2/instance.ts';
import { isoOf } from '../../base/clock.ts';
import { privateDnsNameOf } from '../../model/ec2/addresses.ts';
import { allocatePublicIp } from '../../store/allocate-interface.ts';
import { userInitiated } from '../../store/end-instance.ts';
import type { Reader } from '../../store/store.ts';
import { instances, networkInterfaces } from '../../store/tables/ec2.ts';
import { describeRows } from './describe.ts';
import { unsupported } from './errors.ts';
import type { Filters } from './filters.ts';
import { groupsOfInstance, interfaceOfInstance, publicDnsOf, sdkReservations, sdkState } from './instance-output.ts';
import type { Call, Ec2Operations } from './operation.ts';
import { kinds } from './resources.ts';
import { namedInstances, reservation, runInstances, runInstancesTakes } from './run-instances.ts';

function change(call: Call, instance: Instance, next: Partial<Instance>): sdk.InstanceStateChange {
  const changed = { ...instance, ...next };
  call.tx.put(instances, changed);
  return {
    InstanceId: instance.id,
    CurrentState: sdkState(changed.state),
    PreviousState: sdkState(instance.state),
  };
}

function unchanged(instance: Instance): sdk.InstanceStateChange {
  return {
    InstanceId: instance.id,
    CurrentState: sdkState(instance.state),
    PreviousState: sdkState(instance.state),
  };
}

/** `IncorrectInstanceState`. */
function wrongState(instance: Instance, doing: string): AwsError {
  return new AwsError(
    'IncorrectInstanceState',
    `The instance '${instance.id}' is not in a state from which it can be ${doing}.`,
  );
}

/** The filters of DescribeInstances, and of DescribeInstanceStatus as far as it has them. */
function filtersOf(tx: Reader): Filters<Instance> {
  const row = (instance: Instance) => interfaceOfInstance(tx, instance);
  return {
    architecture: architectureOf,
    'availability-zone': (one) => one.availabilityZone,
    'dns-name': (one) => publicDnsOf(tx, one) || undefined,
    'group-id': (one) => groupsOfInstance(tx, one).flatMap(({ GroupId }) => GroupId ?? []),
    'group-name': (one) => groupsOfInstance(tx, one).flatMap(({ GroupName }) => GroupName ?? []),
    hypervisor: () => 'xen',
    'iam-instance-profile.arn': (one) => one.instanceProfile?.arn,
    'iam-instance-profile.id': (one) => one.instanceProfile?.id,
    'image-id': (one) => one.imageId,
    'instance-id': (one) => one.id,
    'instance-state-code': (one) => String(instanceStateCodes[one.state]),
    'instance-state-name': (one) => one.state,
    'instance-type': (one) => one.instanceType,
    'instance.group-id': (one) => row(one)?.groups,
    'instance.group-name': (one) => groupsOfInstance(tx, one).flatMap(({ GroupName }) => GroupName ?? []),
    'ip-address': (one) => row(one)?.publicIp,
    'key-name': (one) => one.keyName,
    'launch-index': (one) => String(one.launchIndex),
    'launch-time': (one) => isoOf(one.launchedAt),
    'metadata-options.http-tokens': (one) => one.metadataOptions.httpTokens,
    'metadata-options.http-endpoint': (one) => one.metadataOptions.httpEndpoint,
    'monitoring-state': (one) => (one.monitoring ? 'enabled' : 'disabled'),
    'network-interface.network-interface-id': (one) => row(one)?.id,
    'network-interface.subnet-id': (one) => row(one)?.subnetId,
    'network-interface.vpc-id': (one) => row(one)?.vpcId,
    'private-dns-name': (one) => privateDnsNameOf(one.privateIp, one.region),
    'private-ip-address': (one) => one.privateIp,
    'requester-id': () => undefined,
    'reservation-id': (one) => one.reservationId,
    'root-device-type': () => 'ebs',
    'root-device-name': () => '/dev/xvda',
    'source-dest-check': (one) => String(row(one)?.sourceDestCheck ?? true),
    'state-reason-code': (one) => one.stateReason?.code,
    'subnet-id': (one) => (one.state === 'terminated' ? undefined : one.subnetId),
    tenancy: () => 'default',
    'virtualization-type': () => 'hvm',
    'vpc-id': (one) => (one.state === 'terminated' ? undefined : one.vpcId),
  };
}

/** The operations on instances ("Amazon EC2 instances"); `src/control/instances` and their machine move them on. */
export const instanceOperations = {
  RunInstances: {
    takes: runInstancesTakes,
    idempotent: {
      idOf: (output) => output.ReservationId,
      again: (id, call) => sdkReservations(call.tx, reservation(call, id))[0] ?? {},
    },
    run(input, call) {
      return sdkReservations(call.tx, runInstances(input, call))[0] ?? {};
    },
  },
  DescribeInstances: {
    takes: ['InstanceIds', 'Filters', 'MaxResults', 'NextToken'],
    run(input, call) {
      const named = { ids: input.InstanceIds, name: 'instancesSet' };
      const { rows, token } = describeRows(call, kinds.instance, input, named, filtersOf(call.tx));
      return { Reservations: sdkReservations(call.tx, rows), ...token };
    },
  },
  DescribeInstanceStatus: {
    takes: ['InstanceIds', 'Filters', 'MaxResults', 'NextToken', 'IncludeAllInstances'],
    run(input, call) {
      const named = { ids: input.InstanceIds, name: 'instancesSet' };
      const { rows, token } = describeRows(call, kinds.instance, input, named, {
        ...filtersOf(call.tx),
        'instance-status.status': statusOf,
        'system-status.status': statusOf,
        'instance-status.reachability': reachability,
        'system-status.reachability': reachability,
      });
      const shown = rows.filter(({ state }) => input.IncludeAllInstances === true || state === 'running');
      return { InstanceStatuses: shown.map(sdkStatus), ...token };
    },
  },
  StartInstances: {
    takes: ['InstanceIds'],
    run(input, call) {
      const changes = namedInstances(call, input.InstanceIds).map((instance) => {
        if (instance.state === 'running' || instance.state === 'pending') return unchanged(instance);
        if (instance.state !== 'stopped') throw wrongState(instance, 'started');
        if (instance.autoPublicIp) givePublicAddress(call, instance);
        const { stateReason: _reason, transitionReason: _why, endedAt: _ended, ...rest } = instance;
        const next: Instance = { ...rest, state: 'pending', boot: instance.boot + 1, launchedAt: call.now };
        call.tx.put(instances, next);
        return {
          InstanceId: instance.id,
          CurrentState: sdkState('pending'),
          PreviousState: sdkState('stopped'),
        };
      });
      return { StartingInstances: changes };
    },
  },
  StopInstances: {
    takes: ['InstanceIds', 'Force', 'Hibernate'],
    run(input, call) {
      if (input.Hibernate === true) throw unsupported('Hibernation');
      const changes = namedInstances(call, input.InstanceIds).map((instance) => {
        if (instance.state === 'stopped' || instance.state === 'stopping') return unchanged(instance);
        if (instance.state !== 'running' && instance.state !== 'pending') throw wrongState(instance, 'stopped');
        if (instance.disableApiStop) {
          throw new AwsError(
            'OperationNotPermitted',
            `The instance '${instance.id}' may not be stopped. Modify its 'disableApiStop' instance attribute and try again.`,
          );
        }
        return change(call, instance, { state: 'stopping', ...userInitiated(call.now) });
      });
      return { StoppingInstances: changes };
    },
  },
  RebootInstances: {
    takes: ['InstanceIds'],
    run(input, call) {
      for (const instance of namedInstances(call, input.InstanceIds)) {
        if (instance.state !== 'running') throw wrongState(instance, 'rebooted');
        change(call, instance, { boot: instance.boot + 1 });
      }
      return {};
    },
  },
  TerminateInstances: {
    takes: ['InstanceIds', 'Force'],
    run(input, call) {
      const named = namedInstances(call, input.InstanceIds);
      const kept = named.find((instance) => instance.disableApiTermination && instance.state !== 'terminated');
      if (kept !== undefined) {
        throw new AwsError(
          'OperationNotPermitted',
          `The instance '${kept.id}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.`,
        );
      }
      const changes = named.map((instance) => {
        if (instance.state === 'terminated' || instance.state === 'shutting-down') return unchanged(instance);
        return change(call, instance, { state: 'shutting-down', ...userInitiated(call.now) });
      });
      return { TerminatingInstances: changes };
    },
  },
  DescribeInstanceAttribute: {
    takes: ['InstanceId', 'Attribute'],
    run(input, call) {
      const [instance] = namedInstances(call, input.InstanceId === undefined ? [] : [input.InstanceId]);
      if (instance === undefined) return {};
      const head = { InstanceId: instance.id };
      switch (input.Attribute) {
        case 'instanceType':
          return { ...head, InstanceType: { Value: instance.instanceType } };
        case 'userData':
          return instance.userData === undefined
            ? { ...head, UserData: {} }
            : { ...head, UserData: { Value: instance.userData } };
        case 'disableApiTermination':
          return { ...head, DisableApiTermination: { Value: instance.disableApiTermination } };
        case 'disableApiStop':
          return { ...head, DisableApiStop: { Value: instance.disableApiStop } };
        case 'instanceInitiatedShutdownBehavior':
          return { ...head, InstanceInitiatedShutdownBehavior: { Value: instance.shutdownBehaviour } };
        case 'ebsOptimized':
          return { ...head, EbsOptimized: { Value: instance.ebsOptimized } };
        case 'groupSet':
          return { ...head, Groups: groupsOfInstance(call.tx, instance) };
        case 'sourceDestCheck':
          return {
            ...head,
            SourceDestCheck: { Value: interfaceOfInstance(call.tx, instance)?.sourceDestCheck ?? true },
          };
        case 'rootDeviceName':
          return { ...head, RootDeviceName: { Value: '/dev/xvda' } };
        default:
          throw unsupported(`The attribute ${String(input.Attribute)}`);
      }
    },
  },
  ModifyInstanceAttribute: {
    takes: ['InstanceId', 'DisableApiTermination', 'DisableApiStop', 'InstanceInitiatedShutdownBehavior'],
    run(input, call) {
      const [instance] = namedInstances(call, input.InstanceId === undefined ? [] : [input.InstanceId]);
      if (instance === undefined) return {};
      const shutdown = input.InstanceInitiatedShutdownBehavior?.Value;
      call.tx.put(instances, {
        ...instance,
        disableApiTermination: input.DisableApiTermination?.Value ?? instance.disableApiTermination,
        disableApiStop: input.DisableApiStop?.Value ?? instance.disableApiStop,
        shutdownBehaviour: shutdown === 'stop' || shutdown === 'terminate' ? shutdown : instance.shutdownBehaviour,
      });
      return {};
    },
  },
} satisfies Ec2Operations;

function givePublicAddress(call: Call, instance: Instance): void {
  const row = interfaceOfInstance(call.tx, instance);
  if (row === undefined || row.publicIp !== undefined) return;
  call.tx.put(networkInterfaces, { ...row, publicIp: allocatePublicIp(call.tx, call.publicPool) });
}

/** "Status checks for Amazon EC2 instances": they pass once its machine says that it runs. */
function statusOf({ state }: Instance): 'ok' | 'initializing' | 'not-applicable' {
  if (state === 'running') return 'ok';
  return state === 'pending' ? 'initializing' : 'not-applicable';
}

function reachability(instance: Instance): 'passed' | 'initializing' | undefined {
  const status = statusOf(instance);
  return status === 'ok' ? 'passed' : status === 'initializing' ? 'initializing' : undefined;
}

function sdkStatus(instance: Instance): sdk.InstanceStatus {
  const reached = reachability(instance);
  const summary: sdk.InstanceStatusSummary = {
    Status: statusOf(instance),
    Details: reached === undefined ? [] : [{ Name: 'reachability', Status: reached }],
  };
  return {
    InstanceId: instance.id,
    AvailabilityZone: instance.availabilityZone,
    InstanceState: sdkState(instance.state),
    InstanceStatus: summary,
    SystemStatus: summary,
    Events: [],
  };
}
