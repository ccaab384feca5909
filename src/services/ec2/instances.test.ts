import { beforeEach, describe, expect, it } from 'vitest';
import { imagesOf } from '../../model/ec2/images.ts';
import { instances } from '../../store/tables/ec2.ts';
import { machines } from '../../store/tables/fleet.ts';
import { instanceProfiles } from '../../store/tables/iam.ts';
import { ec2Fixture, filter, need } from './testing.ts';

const imageId = need(imagesOf('us-east-1').find(({ ecsOptimized }) => ecsOptimized)?.id);
const base = { ImageId: imageId, InstanceType: 't2.micro' as const, MinCount: 1, MaxCount: 1 };

let fixture: ReturnType<typeof ec2Fixture>;
beforeEach(() => {
  fixture = ec2Fixture();
});
const run = (more: Partial<Parameters<typeof fixture.call<'RunInstances'>>[1]> = {}) =>
  need(fixture.call('RunInstances', { ...base, ...more }).Instances);
const one = (more: Parameters<typeof run>[0] = {}) => need(run(more)[0]);
const state = (id: string | undefined, to: 'running' | 'stopped' | 'terminated') =>
  fixture.store.transact((tx) => tx.update(instances, id ?? '', (row) => ({ ...row, state: to })));
const shown = (id: string | undefined) =>
  need(fixture.call('DescribeInstances', { InstanceIds: [id ?? ''] }).Reservations?.[0]?.Instances?.[0]);

describe('RunInstances', () => {
  it('makes pending instances with an interface each, in one reservation', () => {
    const made = run({
      MaxCount: 2,
      MinCount: 2,
      TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'a', Value: 'b' }] }],
    });
    expect(made.map(({ State, AmiLaunchIndex }) => [State?.Name, State?.Code, AmiLaunchIndex])).toEqual([
      ['pending', 0, 0],
      ['pending', 0, 1],
    ]);
    const [first] = made;
    expect(first).toMatchObject({ InstanceType: 't2.micro', ImageId: imageId, Tags: [{ Key: 'a', Value: 'b' }] });
    expect(first?.PublicIpAddress).toMatch(/^100\.127\.0\./);
    const eni = need(
      fixture.call('DescribeNetworkInterfaces', {
        Filters: filter('attachment.instance-id', first?.InstanceId ?? ''),
      }).NetworkInterfaces?.[0],
    );
    expect(eni).toMatchObject({ Status: 'in-use', RequesterManaged: false, PrivateIpAddress: first?.PrivateIpAddress });
    expect(fixture.refusal('DeleteNetworkInterface', { NetworkInterfaceId: eni.NetworkInterfaceId })[0]).toBe(
      'InvalidNetworkInterface.InUse',
    );
    expect(fixture.call('DescribeInstances', {}).Reservations).toHaveLength(1);
  });

  it('answers a repeated request with what it made first', () => {
    const ask = { ...base, ClientToken: 'once' };
    const [a, b] = [fixture.call('RunInstances', ask), fixture.call('RunInstances', ask)];
    expect(b.Instances?.[0]?.InstanceId).toBe(a.Instances?.[0]?.InstanceId);
  });

  it('spreads over the default subnets, and stands where it is told', () => {
    const zones = [one(), one(), one()].map(({ Placement }) => Placement?.AvailabilityZone);
    expect(new Set(zones).size).toBe(3);
    expect(one({ Placement: { AvailabilityZone: 'us-east-1b' } }).Placement?.AvailabilityZone).toBe('us-east-1b');
    const inner = one({ NetworkInterfaces: [{ DeviceIndex: 0, AssociatePublicIpAddress: false }] });
    expect(inner.PublicIpAddress).toBeUndefined();
  });

  it('knows key pairs, instance profiles and metadata options', () => {
    fixture.call('CreateKeyPair', { KeyName: 'mine' });
    fixture.store.transact((tx) =>
      tx.put(instanceProfiles, {
        account: '000000000000',
        arn: 'arn:aws:iam::000000000000:instance-profile/ecsInstanceRole',
        id: 'AIPA1',
        name: 'ecsInstanceRole',
        path: '/',
        createdAt: 0,
        tags: [],
      }),
    );
    expect(
      one({
        KeyName: 'mine',
        IamInstanceProfile: { Name: 'ecsInstanceRole' },
        MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 2 },
      }),
    ).toMatchObject({
      KeyName: 'mine',
      IamInstanceProfile: { Id: 'AIPA1' },
      MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 2 },
    });
  });

  it('has unlimited credits where it is burstable', () => {
    const [burstable, other] = [
      one({ CreditSpecification: { CpuCredits: 'unlimited' } }),
      one({ InstanceType: 'm5.large' }),
    ];
    const ids = [burstable.InstanceId ?? ''];
    const all = [{ InstanceId: ids[0], CpuCredits: 'unlimited' }];
    const describe = (InstanceIds: string[]) =>
      fixture.call('DescribeInstanceCreditSpecifications', { InstanceIds }).InstanceCreditSpecifications;
    expect(describe(ids)).toEqual(all);
    expect(describe([])).toEqual(all);
    const refused = { InstanceIds: [other.InstanceId ?? ''] };
    expect(fixture.refusal('DescribeInstanceCreditSpecifications', refused)[0]).toBe('InvalidParameterValue');
  });

  it('changes metadata options, and only those that are named', () => {
    const id = one().InstanceId;
    const change = { InstanceId: id, HttpTokens: 'required', InstanceMetadataTags: 'enabled' } as const;
    expect(fixture.call('ModifyInstanceMetadataOptions', change)).toMatchObject({
      InstanceId: id,
      InstanceMetadataOptions: { State: 'pending', HttpTokens: 'required', HttpPutResponseHopLimit: 1 },
    });
    fixture.call('ModifyInstanceMetadataOptions', { InstanceId: id, HttpPutResponseHopLimit: 64 });
    expect(shown(id).MetadataOptions).toEqual({
      State: 'applied',
      HttpTokens: 'required',
      HttpPutResponseHopLimit: 64,
      HttpEndpoint: 'enabled',
      HttpProtocolIpv6: 'disabled',
      InstanceMetadataTags: 'enabled',
    });
  });

  it.each([
    ['no instance', {}, 'MissingParameter'],
    ['an unknown instance', { InstanceId: 'i-00000000000000000' }, 'InvalidInstanceID.NotFound'],
    ['no hops', { HttpPutResponseHopLimit: 0 }, 'InvalidParameterValue'],
    ['too many hops', { HttpPutResponseHopLimit: 65 }, 'InvalidParameterValue'],
    ['an unknown state', { HttpEndpoint: 'on' as 'enabled' }, 'InvalidParameterValue'],
    ['IPv6', { HttpProtocolIpv6: 'enabled' as const }, 'UnsupportedOperation'],
  ])('refuses metadata options of %s', (what, more, code) => {
    const named = what === 'no instance' ? {} : { InstanceId: one().InstanceId };
    expect(fixture.refusal('ModifyInstanceMetadataOptions', { ...named, ...more } as never)[0]).toBe(code);
  });

  it.each([
    ['no image', { ImageId: undefined }, 'MissingParameter'],
    ['a malformed image', { ImageId: 'ami-x' }, 'InvalidAMIID.Malformed'],
    ['an unknown image', { ImageId: 'ami-00000000000000000' }, 'InvalidAMIID.NotFound'],
    ['an unknown type', { InstanceType: 'z9.huge' as 't2.micro' }, 'InvalidParameterValue'],
    ['more at least than at most', { MinCount: 2 }, 'InvalidParameterCombination'],
    ['an unknown key', { KeyName: 'none' }, 'InvalidKeyPair.NotFound'],
    ['an unknown profile', { IamInstanceProfile: { Name: 'none' } }, 'InvalidParameterValue'],
    ['an unknown group', { SecurityGroupIds: ['sg-00000000000000000'] }, 'InvalidGroup.NotFound'],
    [
      'an unknown template',
      { LaunchTemplate: { LaunchTemplateName: 'none' } },
      'InvalidLaunchTemplateName.NotFoundException',
    ],
    ['a volume', { BlockDeviceMappings: [{ DeviceName: '/dev/xvda' }] }, 'UnsupportedOperation'],
    ['credits that are counted', { CreditSpecification: { CpuCredits: 'standard' } }, 'UnsupportedOperation'],
    ['unknown credits', { CreditSpecification: { CpuCredits: 'all' } }, 'InvalidParameterValue'],
    [
      'credits of a type that needs none',
      { InstanceType: 'm5.large' as const, CreditSpecification: { CpuCredits: 'unlimited' } },
      'InvalidParameterCombination',
    ],
    ['a dedicated host', { Placement: { Tenancy: 'dedicated' as const } }, 'UnsupportedOperation'],
  ])('refuses %s', (_, more, code) => {
    expect(fixture.refusal('RunInstances', { ...base, ...more })[0]).toBe(code);
  });

  it('refuses a type and an image of different architectures, and what no machine can run', () => {
    const arm = imagesOf('us-east-1').find((image) => image.ecsOptimized && image.architecture === 'arm64')?.id;
    expect(fixture.refusal('RunInstances', { ...base, ImageId: arm })).toEqual([
      'InvalidParameterValue',
      expect.stringMatching(
        /^The architecture 'x86_64' of the specified instance type does not match the architecture 'arm64'/,
      ),
    ]);
    const machine = (id: string, architecture: string) =>
      fixture.store.transact((tx) =>
        tx.put(machines, {
          id,
          clusterArn: '',
          containerInstanceArn: '',
          isInstance: false,
          attributes: [{ name: 'stowage.instances' }, { name: 'ecs.cpu-architecture', value: architecture }],
          resources: { cpu: 2048, memory: 8192 },
          connected: true,
          connectedAt: 0,
          lastSequence: 0,
        }),
      );
    machine('x', 'x86_64');
    const ask = { ...base, ImageId: arm, InstanceType: 't4g.micro' as const };
    expect(fixture.refusal('RunInstances', ask)[0]).toBe('Unsupported');
    machine('y', 'arm64');
    expect(need(fixture.call('RunInstances', ask).Instances?.[0])).toMatchObject({ Architecture: 'arm64' });
    const types = fixture.call('DescribeInstanceTypes', {
      Filters: filter('processor-info.supported-architecture', 'arm64'),
    }).InstanceTypes;
    expect(types?.map(({ InstanceType }) => InstanceType)).toContain('m6g.large');
  });

  it('refuses a type that no machine can hold', () => {
    fixture.store.transact((tx) =>
      tx.put(machines, {
        id: 'm',
        clusterArn: '',
        containerInstanceArn: '',
        isInstance: false,
        attributes: [{ name: 'stowage.instances' }],
        resources: { cpu: 2048, memory: 8192 },
        connected: true,
        connectedAt: 0,
        lastSequence: 0,
      }),
    );
    expect(fixture.refusal('RunInstances', { ...base, InstanceType: 'm5.xlarge' })[0]).toBe(
      'InsufficientInstanceCapacity',
    );
    expect(one({ InstanceType: 'm5.large' }).State?.Name).toBe('pending');
  });
});

describe('the states of an instance', () => {
  it('stops, starts with another address, reboots and terminates', () => {
    const { InstanceId: id = '' } = one();
    expect(fixture.refusal('StartInstances', { InstanceIds: ['i-00000000000000000'] })[0]).toBe(
      'InvalidInstanceID.NotFound',
    );
    state(id, 'running');
    expect(fixture.call('RebootInstances', { InstanceIds: [id] })).toEqual({});
    expect(fixture.call('StopInstances', { InstanceIds: [id] }).StoppingInstances).toEqual([
      { InstanceId: id, CurrentState: { Code: 64, Name: 'stopping' }, PreviousState: { Code: 16, Name: 'running' } },
    ]);
    expect(shown(id).StateReason?.Code).toBe('Client.UserInitiatedShutdown');
    expect(fixture.refusal('StartInstances', { InstanceIds: [id] })[0]).toBe('IncorrectInstanceState');
    state(id, 'stopped');
    expect(fixture.call('StartInstances', { InstanceIds: [id] }).StartingInstances?.[0]?.CurrentState?.Name).toBe(
      'pending',
    );
    expect(shown(id).StateReason).toBeUndefined();
    expect(fixture.call('TerminateInstances', { InstanceIds: [id] }).TerminatingInstances?.[0]).toMatchObject({
      CurrentState: { Code: 32, Name: 'shutting-down' },
    });
    expect(fixture.refusal('StopInstances', { InstanceIds: [id] })[0]).toBe('IncorrectInstanceState');
  });

  it('is protected where that is asked for', () => {
    const { InstanceId: id = '' } = one({ DisableApiTermination: true });
    expect(fixture.refusal('TerminateInstances', { InstanceIds: [id] })[0]).toBe('OperationNotPermitted');
    fixture.call('ModifyInstanceAttribute', { InstanceId: id, DisableApiTermination: { Value: false } });
    expect(fixture.call('TerminateInstances', { InstanceIds: [id] }).TerminatingInstances).toHaveLength(1);
  });

  it('is found by filters, and shows its status once it runs', () => {
    const { InstanceId: id = '' } = one();
    one({ InstanceType: 't2.small' });
    const found = (name: string, value: string) =>
      fixture
        .call('DescribeInstances', { Filters: filter(name, value) })
        .Reservations?.flatMap(({ Instances }) => Instances?.map(({ InstanceId }) => InstanceId));
    expect(found('instance-type', 't2.micro')).toEqual([id]);
    expect(found('instance-state-name', 'running')).toEqual([]);
    expect(fixture.call('DescribeInstanceStatus', {}).InstanceStatuses).toEqual([]);
    state(id, 'running');
    expect(fixture.call('DescribeInstanceStatus', {}).InstanceStatuses).toMatchObject([
      { InstanceId: id, InstanceStatus: { Status: 'ok' }, SystemStatus: { Status: 'ok' } },
    ]);
    const text = Buffer.from('#!/bin/bash').toString('base64');
    const { InstanceId: told = '' } = one({ UserData: text });
    expect(fixture.call('DescribeInstanceAttribute', { InstanceId: told, Attribute: 'userData' }).UserData?.Value).toBe(
      text,
    );
  });

  it('takes an Elastic IP by its id', () => {
    const { InstanceId: id = '' } = one();
    const { AllocationId, PublicIp } = fixture.call('AllocateAddress', {});
    fixture.call('AssociateAddress', { InstanceId: id, AllocationId });
    expect(shown(id).PublicIpAddress).toBe(PublicIp);
    const { Addresses } = fixture.call('DescribeAddresses', { Filters: filter('instance-id', id) });
    expect(Addresses?.map((address) => address.PublicIp)).toEqual([PublicIp]);
  });
});

describe('what instances are started from', () => {
  it('instance types have their real sizes', () => {
    const { InstanceTypes } = fixture.call('DescribeInstanceTypes', { InstanceTypes: ['t2.micro', 'm5.large'] });
    expect(
      InstanceTypes?.map(({ InstanceType, VCpuInfo, MemoryInfo }) => [
        InstanceType,
        VCpuInfo?.DefaultVCpus,
        MemoryInfo?.SizeInMiB,
      ]),
    ).toEqual([
      ['t2.micro', 1, 1024],
      ['m5.large', 2, 8192],
    ]);
    expect(fixture.refusal('DescribeInstanceTypes', { InstanceTypes: ['x1.none' as 't2.micro'] })[0]).toBe(
      'InvalidInstanceType',
    );
  });

  it('images are found by name and owner', () => {
    const { Images } = fixture.call('DescribeImages', {
      Owners: ['amazon'],
      Filters: filter('name', 'amzn2-ami-ecs-hvm-*-x86_64-ebs'),
    });
    expect(Images?.map(({ ImageId }) => ImageId)).toEqual([imageId]);
    expect(fixture.call('DescribeImages', { Owners: ['self'] }).Images).toEqual([]);
  });

  it('key pairs are made, imported, listed and deleted', () => {
    const made = fixture.call('CreateKeyPair', { KeyName: 'a' });
    expect(made.KeyMaterial).toMatch(/^-----BEGIN RSA PRIVATE KEY-----\n[\s\S]*-----END RSA PRIVATE KEY-----$/);
    expect(made.KeyFingerprint).toMatch(/^([0-9a-f]{2}:){19}[0-9a-f]{2}$/);
    expect(fixture.refusal('CreateKeyPair', { KeyName: 'a' })[0]).toBe('InvalidKeyPair.Duplicate');
    const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ4mbQ7CqIu9FVwHkhKbQ9VfNBhNc0rxyp0hU0sQ4o1k me';
    const imported = fixture.call('ImportKeyPair', { KeyName: 'b', PublicKeyMaterial: Buffer.from(key) });
    expect(imported.KeyFingerprint).toMatch(/^[A-Za-z0-9+/]{43}=$/);
    expect(fixture.refusal('ImportKeyPair', { KeyName: 'c', PublicKeyMaterial: Buffer.from('nonsense') })[0]).toBe(
      'InvalidKey.Format',
    );
    expect(fixture.call('DescribeKeyPairs', { KeyNames: ['b'] }).KeyPairs).toMatchObject([
      { KeyName: 'b', KeyType: 'ed25519' },
    ]);
    fixture.call('DeleteKeyPair', { KeyName: 'a' });
    expect(fixture.call('DescribeKeyPairs', {}).KeyPairs).toHaveLength(1);
    expect(fixture.refusal('DescribeKeyPairs', { KeyNames: ['a'] })[0]).toBe('InvalidKeyPair.NotFound');
  });

  it('launch templates have versions, which RunInstances uses and overrides', () => {
    const { LaunchTemplate } = fixture.call('CreateLaunchTemplate', {
      LaunchTemplateName: 'web',
      LaunchTemplateData: {
        ImageId: imageId,
        InstanceType: 't2.small',
        TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'from', Value: 'template' }] }],
      },
    });
    fixture.call('CreateLaunchTemplateVersion', {
      LaunchTemplateName: 'web',
      SourceVersion: '1',
      LaunchTemplateData: { InstanceType: 't2.medium' },
    });
    const start = (version: string | undefined, more: object = {}) =>
      need(
        fixture.call('RunInstances', {
          MinCount: 1,
          MaxCount: 1,
          LaunchTemplate: { LaunchTemplateName: 'web', ...(version === undefined ? {} : { Version: version }) },
          ...more,
        }).Instances?.[0],
      );
    expect(start(undefined)).toMatchObject({
      InstanceType: 't2.small',
      Tags: [
        { Key: 'from', Value: 'template' },
        { Key: 'aws:ec2launchtemplate:id', Value: LaunchTemplate?.LaunchTemplateId },
        { Key: 'aws:ec2launchtemplate:version', Value: '1' },
      ],
    });
    expect(start('$Latest').InstanceType).toBe('t2.medium');
    expect(start('2', { InstanceType: 't2.nano' }).InstanceType).toBe('t2.nano');
    expect(fixture.refusal('CreateLaunchTemplate', { LaunchTemplateName: 'web', LaunchTemplateData: {} })[0]).toBe(
      'InvalidLaunchTemplateName.AlreadyExistsException',
    );
    expect(
      fixture.refusal('CreateLaunchTemplate', {
        LaunchTemplateName: 'gpu',
        LaunchTemplateData: { RamDiskId: 'ari-1' },
      })[0],
    ).toBe('UnsupportedOperation');
    fixture.call('ModifyLaunchTemplate', { LaunchTemplateName: 'web', DefaultVersion: '2' });
    const { LaunchTemplateVersions } = fixture.call('DescribeLaunchTemplateVersions', { LaunchTemplateName: 'web' });
    expect(LaunchTemplateVersions?.map(({ VersionNumber, DefaultVersion }) => [VersionNumber, DefaultVersion])).toEqual(
      [
        [2, true],
        [1, false],
      ],
    );
    fixture.call('DeleteLaunchTemplate', { LaunchTemplateName: 'web' });
    expect(fixture.call('DescribeLaunchTemplates', {}).LaunchTemplates).toEqual([]);
  });
});
