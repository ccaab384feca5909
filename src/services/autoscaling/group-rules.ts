import type { LaunchTemplateSpecification } from '@aws-sdk/client-auto-scaling';
import { arn as formatArn } from '../../base/arn.ts';
import {
  scalingProcesses,
  terminationPolicies,
  type AutoScalingGroup,
  type LaunchSource,
  type ScalingProcess,
  type TerminationPolicy,
} from '../../model/autoscaling/group.ts';
import { scopeOf, type Scoped } from '../../model/tags.ts';
import { zoneLetters } from '../../store/default-vpc.ts';
import type { Reader } from '../../store/store.ts';
import { launchConfigurations } from '../../store/tables/autoscaling.ts';
import { launchTemplates, launchTemplateVersions, subnets, vpcs } from '../../store/tables/ec2.ts';
import { targetGroups } from '../../store/tables/elbv2.ts';
import { constraint, invalid, notSupported } from './errors.ts';

/** A name of a group, a hook or a launch configuration. */
export function readName(value: string | undefined, member: string): string {
  if (value === undefined || value.length < 1) {
    throw constraint(value ?? '', member, 'have length greater than or equal to 1');
  }
  if (value.length > 255) throw constraint(value, member, 'have length less than or equal to 255');
  if (value.includes(':')) throw invalid(`${member} cannot contain a colon: '${value}'`);
  return value;
}

/** What a request says that instances are started from; `undefined` when it says nothing. */
export function readLaunchSource(
  reader: Reader,
  scope: Scoped,
  input: { LaunchTemplate?: LaunchTemplateSpecification | undefined; LaunchConfigurationName?: string | undefined },
): LaunchSource | undefined {
  const { LaunchTemplate: template, LaunchConfigurationName: configuration } = input;
  if (template !== undefined && configuration !== undefined) {
    throw invalid(
      'Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or MixedInstancesPolicy parameter.',
    );
  }
  if (configuration !== undefined) {
    if (reader.get(launchConfigurations, `${scopeOf(scope)}/${configuration}`) === undefined) {
      throw invalid(`Launch configuration name not found - Launch configuration ${configuration} not found`);
    }
    return { kind: 'configuration', name: configuration };
  }
  return template === undefined ? undefined : readTemplate(reader, scope, template);
}

function readTemplate(reader: Reader, scope: Scoped, asked: LaunchTemplateSpecification): LaunchSource {
  const { LaunchTemplateId: id, LaunchTemplateName: name, Version: version = '$Default' } = asked;
  if ((id === undefined) === (name === undefined)) {
    throw invalid(
      'Valid requests must contain either launchTemplateId or LaunchTemplateName. Specify one of the two and try again.',
    );
  }
  const row =
    id === undefined
      ? reader.by(launchTemplates, 'name', `${scopeOf(scope)}/${name ?? ''}`)[0]
      : reader.get(launchTemplates, id);
  if (row === undefined || scopeOf(row) !== scopeOf(scope)) {
    throw badTemplate(
      id === undefined
        ? `The specified launch template, with template name ${name ?? ''}, does not exist.`
        : `The specified launch template, with template ID ${id}, does not exist.`,
    );
  }
  const number = version === '$Latest' ? row.latestVersion : version === '$Default' ? row.defaultVersion : version;
  const found = reader.get(launchTemplateVersions, `${row.id} ${number}`);
  if (found === undefined) {
    throw badTemplate(`Could not find the specified version ${version} for the launch template with ID ${row.id}.`);
  }
  if (found.data.ImageId === undefined) throw badTemplate('The request must contain the parameter ImageId');
  return { kind: 'template', id: row.id, name: row.name, version };
}

function badTemplate(why: string): Error {
  return invalid(`You must use a valid fully-formed launch template. ${why}`);
}

/** The sizes of a group, each within what the others allow. */
export function readSizes(
  asked: { MinSize?: number | undefined; MaxSize?: number | undefined; DesiredCapacity?: number | undefined },
  before?: AutoScalingGroup,
): Pick<AutoScalingGroup, 'minSize' | 'maxSize' | 'desiredCapacity'> {
  const minSize = asked.MinSize ?? before?.minSize;
  const maxSize = asked.MaxSize ?? before?.maxSize;
  if (minSize === undefined) throw constraint('null', 'minSize', 'not be null');
  if (maxSize === undefined) throw constraint('null', 'maxSize', 'not be null');
  for (const [name, value] of [['minSize', minSize] as const, ['maxSize', maxSize] as const]) {
    if (!Number.isInteger(value) || value < 0) throw invalid(`${name} must be a whole number, 0 or more: ${value}`);
  }
  if (maxSize < minSize) throw invalid(`Max bound, ${maxSize}, must be greater than or equal to min bound, ${minSize}`);
  const { DesiredCapacity: desired } = asked;
  if (desired !== undefined && (desired < minSize || desired > maxSize || !Number.isInteger(desired))) {
    throw invalid(
      `Desired capacity:${desired} must be between the specified min size:${minSize} and max size:${maxSize}`,
    );
  }
  // One that was not asked for follows its bounds.
  const kept = Math.min(maxSize, Math.max(minSize, before?.desiredCapacity ?? minSize));
  return { minSize, maxSize, desiredCapacity: desired ?? kept };
}

/** Where a group's instances stand: in the subnets that are named (a list with commas), or in the default ones of the zones. */
export function readPlaces(
  reader: Reader,
  scope: Scoped,
  input: { VPCZoneIdentifier?: string | undefined; AvailabilityZones?: readonly string[] | undefined },
): Pick<AutoScalingGroup, 'zones' | 'subnets' | 'subnetsNamed'> {
  const ids = (input.VPCZoneIdentifier ?? '').split(',').flatMap((id) => id.trim() || []);
  const zones = [...new Set(input.AvailabilityZones)];
  for (const zone of zones) {
    if (!zoneLetters.some((letter) => zone === `${scope.region}${letter}`)) {
      throw invalid(`Invalid availability zones: [${zone}]`);
    }
  }
  if (ids.length > 0) {
    const named = [...new Set(ids)].map((id) => {
      const row = reader.get(subnets, id);
      if (row === undefined || scopeOf(row) !== scopeOf(scope)) throw invalid(`The subnet ID '${id}' does not exist`);
      return row;
    });
    if (new Set(named.map(({ vpcId }) => vpcId)).size > 1) {
      throw invalid('The subnets of an Auto Scaling group must be in one VPC.');
    }
    const theirs = [...new Set(named.map(({ availabilityZone }) => availabilityZone))];
    if (zones.length > 0 && (zones.length !== theirs.length || zones.some((zone) => !theirs.includes(zone)))) {
      throw invalid('The availability zones of the specified subnets and the AutoScalingGroup do not match');
    }
    return {
      zones: theirs.toSorted(),
      subnets: named.map(({ id, availabilityZone }) => ({ id, zone: availabilityZone })),
      subnetsNamed: true,
    };
  }
  if (zones.length === 0) throw invalid('At least one Availability Zone or VPC Subnet is required.');
  const vpc = reader.by(vpcs, 'scope', scopeOf(scope)).find(({ isDefault }) => isDefault);
  const found = reader
    .by(subnets, 'vpc', vpc?.id ?? '')
    .filter((row) => row.defaultForAz && zones.includes(row.availabilityZone));
  const bare = zones.find((zone) => !found.some((row) => row.availabilityZone === zone));
  if (bare !== undefined) throw invalid(`No default subnet for availability zone: '${bare}'.`);
  return {
    zones: zones.toSorted(),
    subnets: found.map(({ id, availabilityZone }) => ({ id, zone: availabilityZone })),
    subnetsNamed: false,
  };
}

/** Target groups that instances can be registered in. */
export function readTargetGroups(reader: Reader, scope: Scoped, arns: readonly string[] | undefined): string[] {
  return [...new Set(arns)].map((arn) => {
    const row = reader.get(targetGroups, arn);
    if (row === undefined || scopeOf(row) !== scopeOf(scope)) {
      throw invalid('Provided Target Groups may not be valid. Please ensure they exist and try again.');
    }
    if (row.targetType !== 'instance') {
      throw invalid(
        `Provided Target Groups may not be valid. The target type of ${arn} is ${row.targetType}, and must be instance.`,
      );
    }
    return arn;
  });
}

/** The termination policies of a group, `Default` unless said. */
export function readTerminationPolicies(asked: readonly string[] | undefined): TerminationPolicy[] {
  if (asked === undefined || asked.length === 0) return ['Default'];
  return asked.map((name) => {
    const known = terminationPolicies.find((each) => each === name);
    if (known !== undefined) return known;
    if (name === 'AllocationStrategy' || name.startsWith('arn:')) throw notSupported(`The termination policy ${name}`);
    throw invalid(`Invalid termination policy: ${name}`);
  });
}

/** Processes as a request names them; all, where it names none. */
export function readProcesses(asked: readonly string[] | undefined): ScalingProcess[] {
  if (asked === undefined || asked.length === 0) return [...scalingProcesses];
  return asked.map((name) => {
    const known = scalingProcesses.find((each) => each === name);
    if (known === undefined) throw invalid(`The process '${name}' is not valid. Use ${scalingProcesses.join(', ')}.`);
    return known;
  });
}

/** What a group looks at beside EC2 itself. */
export function readHealthCheckType(
  asked: string | undefined,
  before: AutoScalingGroup['healthCheckType'],
): AutoScalingGroup['healthCheckType'] {
  if (asked === undefined || asked === '') return before;
  // Several are written with commas; EC2's own is always among them.
  const types = asked.split(',').map((each) => each.trim());
  for (const type of types) {
    if (type === 'EBS' || type === 'VPC_LATTICE') throw notSupported(`The health check type ${type}`);
    if (type !== 'EC2' && type !== 'ELB') throw invalid(`Invalid Health Check Type: ${type}. Use EC2 or ELB.`);
  }
  return types.includes('ELB') ? 'ELB' : 'EC2';
}

/** A number of seconds that is not negative. */
export function readSeconds(value: number | undefined, member: string, usual: number): number {
  if (value === undefined) return usual;
  if (!Number.isInteger(value) || value < 0) throw invalid(`${member} must be a whole number, 0 or more: ${value}`);
  return value;
}

/** The role by which Auto Scaling acts; no other can be used. */
export function readServiceRole(account: string, asked: string | undefined): string {
  const linked = formatArn(
    'iam',
    '',
    account,
    'role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling',
  );
  if (asked !== undefined && asked !== linked) throw notSupported(`The service-linked role ${asked}`);
  return linked;
}
