import type { ServiceId } from '../../src/aws/service-table.ts';

const refusedAbove = 'refused as a whole, by the member that holds it';
const refusedByList = 'refused, or acted on by fleet and agent, as `task-definition-members.ts` says of each';
const whenBegun = 'kept with the cluster, and asked for when a session begins';
const otherTypes = 'belongs to types of actions that are refused, and to no other';
const checkedByFront = 'the front holds whole bodies against the checksums in the headers';

/**
 * The members of inputs that no code names, and why that is right: by path, or by operation and path. What is inside of
 * one shares its reason.
 */
export const unread: Partial<Record<ServiceId, Readonly<Record<string, string>>>> = {
  ecs: {
    'configuration.executeCommandConfiguration.kmsKeyId': whenBegun,
    'configuration.executeCommandConfiguration.logConfiguration.cloudWatchEncryptionEnabled': whenBegun,
    'configuration.executeCommandConfiguration.logConfiguration.s3EncryptionEnabled': whenBegun,
    'configuration.executeCommandConfiguration.logConfiguration.s3KeyPrefix': whenBegun,
    'configuration.managedStorageConfiguration': refusedAbove,
    serviceConnectDefaults: refusedAbove,
    serviceConnectConfiguration: 'refused as a whole once it is enabled; disabled, it says nothing',
    serviceRegistries: refusedAbove,
    'deploymentConfiguration.earlySuccessCriteria': refusedAbove,
    volumeConfigurations: refusedAbove,
    vpcLatticeConfigurations: refusedAbove,
    gatewayConnectors: refusedAbove,
    managedInstancesProvider: refusedAbove,
    monitoring: refusedAbove,

    'RegisterContainerInstance.attributes': 'names and values are read; whose they are, an agent has no say in',
    'RegisterTaskDefinition.containerDefinitions': refusedByList,
    'RegisterTaskDefinition.volumes': refusedByList,
    'RegisterTaskDefinition.inferenceAccelerators': refusedByList,
    'overrides.containerOverrides.resourceRequirements.sharingStrategy': refusedAbove,
    'overrides.inferenceAcceleratorOverrides': refusedAbove,
  },
  ecr: {
    DescribeImageScanFindings: 'every scan fails, for want of a scanner, and has no findings to page',
    'SetRepositoryPolicy.force': 'lets one lock oneself out, which policies cannot do until they are enforced',
  },
  elbv2: {
    DefaultActions: otherTypes,
    Actions: otherTypes,
    MutualAuthentication: refusedAbove,
    SubnetMappings: 'what is not read of them is refused, whatever its name',
    IpamPools: refusedAbove,
    'DeregisterTargets.Targets.AvailabilityZone': 'id and port alone tell a target from another in its group',
    'Targets.QuicServerId': 'no target can be registered with one',
  },
  cloudwatch: {
    EntityMetricData: refusedAbove,
    EvaluationCriteria: refusedAbove,
    EvaluationWindow: refusedAbove,
    WarmUpConfiguration: refusedAbove,
    ActionConfiguration: refusedAbove,
  },
  logs: {
    'FilterLogEvents.interleaved': 'AWS ignores it, too: events are always interleaved',
    unmask: 'nothing is masked: there are no data protection policies',
    'PutLogEvents.sequenceToken': 'AWS ignores it, too',
    'PutLogEvents.entity': 'the answer says that the entity was rejected',
  },
  s3: {
    'ServerSideEncryptionConfiguration.Rules.BlockedEncryptionTypes': refusedAbove,
    'LifecycleConfiguration.Rules.Transitions': refusedAbove,
    'LifecycleConfiguration.Rules.NoncurrentVersionTransitions': refusedAbove,
    RequestPayer: 'says that the caller knows who pays, and nobody does',
    'CreateBucketConfiguration.Location': refusedAbove,
    'CreateBucketConfiguration.Bucket': refusedAbove,
    ContentMD5: checkedByFront,
    ChecksumAlgorithm: checkedByFront,
    AccessControlPolicy: refusedAbove,
    'BucketLoggingStatus.LoggingEnabled': refusedAbove,
    NotificationConfiguration: 'refused as a whole unless it is empty',
    SkipDestinationValidation: 'goes with destinations, which are refused',
    ConfirmRemoveSelfBucketAccess: 'for policies that lock their owner out, which they cannot until they are enforced',
  },
  kms: { Recipient: refusedAbove },
  ssm: { 'RegisterManagedInstance.Tags': refusedAbove },
  secretsmanager: {
    'RotateSecret.ExternalSecretRotationMetadata': refusedAbove,
    AddReplicaRegions: refusedAbove,
  },
  codedeploy: {
    'CreateDeployment.revision.gitHubLocation': refusedAbove,
    'CreateDeployment.targetInstances': refusedAbove,
    'CreateDeploymentConfig.zonalConfig': refusedAbove,
    ec2TagFilters: refusedAbove,
    onPremisesInstanceTagFilters: refusedAbove,
    ec2TagSet: refusedAbove,
    onPremisesTagSet: refusedAbove,
    triggerConfigurations: refusedAbove,
    'ListTagsForResource.NextToken': 'all tags that a resource may have are one page',
  },
  autoscaling: {
    MixedInstancesPolicy: refusedAbove,
    TrafficSources: refusedAbove,
    InstanceMaintenancePolicy: refusedAbove,
    AvailabilityZoneDistribution: refusedAbove,
    AvailabilityZoneImpairmentPolicy: refusedAbove,
    CapacityReservationSpecification: refusedAbove,
    InstanceLifecyclePolicy: refusedAbove,
    BlockDeviceMappings: refusedAbove,
    Operator: refusedAbove,
    IncludeManagedResources: 'no group has an operator, so there are no managed ones to leave out',
    'DescribeScalingActivities.Filters': refusedAbove,
    'CreateAutoScalingGroup.Tags.ResourceId': 'the tags are of the group that is created, whatever they say',
    'DeleteTags.Tags.PropagateAtLaunch': 'AWS ignores it, too: a tag goes by its key and value',
  },
  sts: {
    'AssumeRole.ProvidedContexts': refusedAbove,
    'AssumeRole.ExternalId': 'for trust policies to judge by, which are not enforced yet',
  },
};
