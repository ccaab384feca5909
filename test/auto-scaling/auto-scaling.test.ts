import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { counts } from '../../src/model/autoscaling/group.ts';
import { autoScalingGroups, groupInstances, scalingActivities } from '../../src/store/tables/autoscaling.ts';
import { instances } from '../../src/store/tables/ec2.ts';
import { targetGroups, targetKey, targets } from '../../src/store/tables/elbv2.ts';
import type { TargetGroup } from '../../src/model/elbv2/load-balancing.ts';
import { Scene } from './scene.ts';

const targetGroupArn = 'arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/web/1';

/** A target group of instances. */
function addTargetGroup(scene: Scene): void {
  const row = {
    account: '000000000000',
    region: 'us-east-1',
    arn: targetGroupArn,
    name: 'web',
    targetType: 'instance',
    protocol: 'HTTP',
    port: 80,
  } as unknown as TargetGroup;
  scene.store.transact((tx) => tx.put(targetGroups, row));
}

describe('a group', () => {
  it('launches its instances over the zones, and says why', async () => {
    const scene = new Scene();
    scene.group({
      DesiredCapacity: 3,
      Tags: [
        { Key: 'team', Value: 'red', PropagateAtLaunch: true },
        { Key: 'only', Value: 'here', PropagateAtLaunch: false },
      ],
    });
    await scene.pass(1_000);
    expect(Object.values(scene.states())).toEqual(['Pending', 'Pending', 'Pending']);
    await scene.pass(30_000);
    expect(scene.inService()).toHaveLength(3);
    expect(scene.zones()).toEqual({ 'us-east-1a': 1, 'us-east-1b': 1, 'us-east-1c': 1 });
    const [first] = scene.store.list(instances);
    expect(Object.fromEntries((first?.tags ?? []).map(({ key, value }) => [key, value]))).toMatchObject({
      team: 'red',
      'aws:autoscaling:groupName': 'web',
      'aws:ec2launchtemplate:version': '1',
    });
    expect(first?.tags.map(({ key }) => key)).not.toContain('only');
    expect(scene.activities()[0]).toEqual({
      description: `Launching a new EC2 instance: ${first?.id}`,
      cause:
        'At 2026-01-01T00:00:00Z a user request created an AutoScalingGroup changing the desired capacity from 0 to 3.  ' +
        'At 2026-01-01T00:00:00Z an instance was started in response to a difference between desired and actual capacity, increasing the capacity from 0 to 3.',
      status: 'Successful',
      message: undefined,
    });
  });

  it('follows its desired capacity down, by the default policy, and leaves protected instances alone', async () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 4 });
    await scene.pass(30_000);
    const [, second] = scene.inService();
    scene.call('SetInstanceProtection', {
      AutoScalingGroupName: 'web',
      InstanceIds: [second ?? ''],
      ProtectedFromScaleIn: true,
    });
    scene.call('SetDesiredCapacity', { AutoScalingGroupName: 'web', DesiredCapacity: 0 });
    await scene.pass(60_000);
    expect(scene.inService()).toEqual([second]);
    expect(scene.store.list(instances).filter(({ state }) => state === 'terminated')).toHaveLength(3);
    const [gone] = scene.activities().filter(({ description }) => description.startsWith('Terminating'));
    expect(gone?.cause).toMatch(
      /^At \S+Z a user request explicitly set group desired capacity changing the desired capacity from 4 to 0\. {2}At \S+Z an instance was taken out of service in response to a difference between desired and actual capacity, shrinking the capacity from 4 to 0\. {2}At \S+Z instance i-\w+ was selected for termination\.$/,
    );
    // It goes once it is protected no more.
    scene.call('SetInstanceProtection', {
      AutoScalingGroupName: 'web',
      InstanceIds: [second ?? ''],
      ProtectedFromScaleIn: false,
    });
    await scene.pass(60_000);
    expect(scene.states()).toEqual({});
  });

  it('replaces an instance that somebody terminated, and one that was called unhealthy', async () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 2 });
    await scene.pass(30_000);
    const [first, second] = scene.inService();
    scene.ec2('TerminateInstances', { InstanceIds: [first] });
    await scene.pass(60_000);
    scene.call('SetInstanceHealth', { InstanceId: second ?? '', HealthStatus: 'Unhealthy' });
    await scene.pass(60_000);
    expect(scene.inService()).toHaveLength(2);
    expect(scene.inService()).not.toContain(first);
    expect(scene.inService()).not.toContain(second);
    const causes = scene
      .activities()
      .map(({ cause }) => cause)
      .join('\n');
    expect(causes).toContain('in response to an EC2 health check indicating it has been terminated or stopped.');
    expect(causes).toContain('in response to a user health-check.');
    expect(causes).toContain('an instance was launched in response to an unhealthy instance needing to be replaced.');
  });

  it('does nothing that is suspended', async () => {
    const scene = new Scene();
    scene.group();
    scene.call('SuspendProcesses', { AutoScalingGroupName: 'web', ScalingProcesses: ['Launch'] });
    scene.call('SetDesiredCapacity', { AutoScalingGroupName: 'web', DesiredCapacity: 2 });
    await scene.pass(60_000);
    expect(scene.states()).toEqual({});
    scene.call('ResumeProcesses', { AutoScalingGroupName: 'web', ScalingProcesses: ['Launch'] });
    await scene.pass(60_000);
    expect(scene.inService()).toHaveLength(2);
  });

  it('balances its zones again, launching first', async () => {
    const scene = new Scene();
    const [one, two] = scene.subnetIds();
    scene.group({ DesiredCapacity: 4, VPCZoneIdentifier: one });
    await scene.pass(30_000);
    scene.call('UpdateAutoScalingGroup', { AutoScalingGroupName: 'web', VPCZoneIdentifier: `${one},${two}` });
    let least = Infinity;
    for (let seconds = 0; seconds < 300; seconds += 1) {
      await scene.pass(1_000);
      least = Math.min(least, scene.inService().length);
    }
    expect(least).toBe(4);
    expect(scene.zones()).toEqual({ 'us-east-1a': 2, 'us-east-1b': 2 });
    expect(scene.activities().some(({ cause }) => cause.includes('to balance instances in zones us-east-1a'))).toBe(
      true,
    );
  });

  it('tries again, and later each time, what EC2 refuses', async () => {
    const scene = new Scene();
    scene.group();
    scene.ec2('DeleteLaunchTemplate', { LaunchTemplateName: 'fleet' });
    scene.call('SetDesiredCapacity', { AutoScalingGroupName: 'web', DesiredCapacity: 1 });
    await scene.pass(60_000);
    const failed = scene.activities();
    expect(failed.map(({ status }) => status)).toEqual(['Failed', 'Failed', 'Failed']);
    expect(failed[0]?.description).toMatch(
      /^Launching a new EC2 instance\. {2}Status Reason: .* Launching EC2 instance failed\.$/,
    );
  });

  it('registers its instances in target groups, and drains them before they go', async () => {
    const scene = new Scene();
    addTargetGroup(scene);
    scene.group({
      DesiredCapacity: 1,
      TargetGroupARNs: [targetGroupArn],
      HealthCheckType: 'ELB',
      HealthCheckGracePeriod: 60,
    });
    await scene.pass(30_000);
    const [id = ''] = scene.inService();
    const key = targetKey(targetGroupArn, id, 80);
    expect(scene.store.get(targets, key)).toMatchObject({ id, port: 80 });
    const health = { state: 'unhealthy' } as const;
    scene.store.transact((tx) => tx.update(targets, key, (row) => ({ ...row, health })));
    await scene.pass(20_000);
    // Its grace period is not over.
    expect(scene.states()[id]).toBe('InService');
    await scene.pass(45_000);
    expect(scene.states()[id]).toBe('Terminating');
    expect(
      scene.activities().find(({ description }) => description.includes(`Terminating EC2 instance: ${id}`)),
    ).toMatchObject({
      status: 'WaitingForELBConnectionDraining',
    });
    expect(scene.store.get(instances, id)?.state).toBe('running');
    // The balancer has nothing more for it.
    scene.store.transact((tx) => tx.delete(targets, key));
    await scene.pass(30_000);
    expect(scene.store.get(instances, id)?.state).toBe('terminated');
    expect(scene.inService()).toHaveLength(1);
  });

  it('waits for its lifecycle hooks', async () => {
    const scene = new Scene();
    const hook = { AutoScalingGroupName: 'web', LifecycleHookName: 'warm' };
    scene.group();
    scene.call('PutLifecycleHook', {
      ...hook,
      LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING',
      HeartbeatTimeout: 60,
    });
    scene.call('PutLifecycleHook', {
      AutoScalingGroupName: 'web',
      LifecycleHookName: 'bye',
      LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
      HeartbeatTimeout: 60,
      DefaultResult: 'CONTINUE',
    });
    scene.call('SetDesiredCapacity', { AutoScalingGroupName: 'web', DesiredCapacity: 1 });
    await scene.pass(30_000);
    const [id = ''] = Object.keys(scene.states());
    expect(scene.states()[id]).toBe('Pending:Wait');
    scene.call('RecordLifecycleActionHeartbeat', { ...hook, InstanceId: id });
    await scene.pass(55_000);
    expect(scene.states()[id]).toBe('Pending:Wait');
    scene.call('CompleteLifecycleAction', { ...hook, InstanceId: id, LifecycleActionResult: 'CONTINUE' });
    await scene.pass(1_000);
    expect(scene.states()[id]).toBe('InService');
    expect(
      scene.refusal('CompleteLifecycleAction', { ...hook, InstanceId: id, LifecycleActionResult: 'CONTINUE' }),
    ).toEqual(['ValidationError', `No active Lifecycle Action found with instance ID ${id}`]);
    // On the way out the hook's default lets it go, a minute later.
    scene.call('SetDesiredCapacity', { AutoScalingGroupName: 'web', DesiredCapacity: 0 });
    await scene.pass(50_000);
    expect(scene.states()[id]).toBe('Terminating:Wait');
    await scene.pass(40_000);
    expect(scene.states()).toEqual({});
    // Nobody completes the launch: it is given up, and tried again.
    scene.call('SetDesiredCapacity', { AutoScalingGroupName: 'web', DesiredCapacity: 1 });
    await scene.pass(90_000);
    expect(scene.activities().find(({ status }) => status === 'Cancelled')?.message).toMatch(
      /^Instance failed to complete user's Lifecycle Action: Lifecycle Action with token \S+ was abandoned: Heartbeat Timeout$/,
    );
  });

  it('lets instances stand by, takes others in, and detaches them', async () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 2, MinSize: 1 });
    await scene.pass(30_000);
    const [first = '', second = ''] = scene.inService();
    const of = { AutoScalingGroupName: 'web', ShouldDecrementDesiredCapacity: true };
    scene.call('EnterStandby', { ...of, InstanceIds: [first] });
    await scene.pass(1_000);
    expect(scene.states()).toEqual({ [first]: 'Standby', [second]: 'InService' });
    expect(scene.refusal('EnterStandby', { ...of, InstanceIds: [second] })).toEqual([
      'ValidationError',
      "Currently, desiredSize equals minSize (1). Terminating instance without replacement will violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower group's min size.",
    ]);
    scene.call('ExitStandby', { AutoScalingGroupName: 'web', InstanceIds: [first] });
    await scene.pass(1_000);
    expect(scene.inService()).toEqual([first, second]);
    scene.call('DetachInstances', { ...of, InstanceIds: [first] });
    await scene.pass(1_000);
    expect(scene.states()).toEqual({ [second]: 'InService' });
    expect(scene.store.get(instances, first)?.state).toBe('running');
    scene.call('AttachInstances', { AutoScalingGroupName: 'web', InstanceIds: [first] });
    await scene.pass(1_000);
    expect(scene.inService().toSorted()).toEqual([first, second].toSorted());
    expect(scene.store.list(autoScalingGroups)[0]?.desiredCapacity).toBe(2);
  });

  it('is deleted when it is empty, or with all that it has', async () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 1 });
    await scene.pass(30_000);
    expect(scene.refusal('DeleteAutoScalingGroup', { AutoScalingGroupName: 'web' })).toEqual([
      'ResourceInUse',
      'You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) still in the group.',
    ]);
    scene.call('DeleteAutoScalingGroup', { AutoScalingGroupName: 'web', ForceDelete: true });
    expect(scene.call('DescribeAutoScalingGroups', {}).AutoScalingGroups?.[0]?.Status).toBe('Delete in progress');
    await scene.pass(60_000);
    expect(scene.store.list(autoScalingGroups)).toEqual([]);
    expect(scene.store.list(instances).every(({ state }) => state === 'terminated')).toBe(true);
    expect(scene.call('DescribeScalingActivities', { IncludeDeletedGroups: true }).Activities).not.toEqual([]);
    scene.group();
    scene.call('DeleteAutoScalingGroup', { AutoScalingGroupName: 'web' });
    expect(scene.store.list(autoScalingGroups)).toEqual([]);
  });
});

it('comes to its desired capacity whatever happens, and is never above it but to balance', async () => {
  const happening = fc.oneof(
    fc.record({ kind: fc.constant('scale' as const), desired: fc.integer({ min: 0, max: 6 }) }),
    fc.record({ kind: fc.constant('kill' as const), which: fc.nat(5) }),
    fc.record({ kind: fc.constant('unhealthy' as const), which: fc.nat(5) }),
    fc.record({ kind: fc.constant('zones' as const), count: fc.integer({ min: 1, max: 3 }) }),
    fc.constant({ kind: 'crash' as const }),
  );
  const history = fc.array(fc.tuple(happening, fc.constantFrom(0, 1_000, 25_000, 90_000)), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(history, async (happenings) => {
      const scene = new Scene();
      scene.group({ DesiredCapacity: 2 });
      for (const [one, pauseMs] of happenings) {
        const ids = Object.keys(scene.states());
        switch (one.kind) {
          case 'scale':
            scene.call('SetDesiredCapacity', { AutoScalingGroupName: 'web', DesiredCapacity: one.desired });
            break;
          case 'kill':
            if (ids[one.which] !== undefined) scene.ec2('TerminateInstances', { InstanceIds: [ids[one.which]] });
            break;
          case 'unhealthy':
            if (ids[one.which] !== undefined) {
              scene.call('SetInstanceHealth', {
                InstanceId: ids[one.which] ?? '',
                HealthStatus: 'Unhealthy',
                ShouldRespectGracePeriod: false,
              });
            }
            break;
          case 'zones':
            scene.call('UpdateAutoScalingGroup', {
              AutoScalingGroupName: 'web',
              VPCZoneIdentifier: scene.subnetIds().slice(0, one.count).join(','),
            });
            break;
          case 'crash':
            await scene.crash();
            break;
          default:
            one satisfies never;
        }
        await scene.pass(pauseMs);
      }
      await scene.pass(600_000);
      const [group] = scene.store.list(autoScalingGroups);
      const members = scene.store.list(groupInstances);
      expect(members.filter(counts)).toHaveLength(group?.desiredCapacity ?? -1);
      expect(members.every(({ state, healthStatus }) => state === 'InService' && healthStatus === 'Healthy')).toBe(
        true,
      );
      const running = scene.store.list(instances).filter(({ state }) => state === 'running');
      // Nothing runs that no group knows of.
      expect(running.map(({ id }) => id).toSorted()).toEqual(members.map(({ instanceId }) => instanceId).toSorted());
      const sizes = (group?.zones ?? []).map((zone) => members.filter((one) => one.zone === zone).length);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThan(2);
      expect(scene.store.list(scalingActivities).every(({ endedAt }) => endedAt !== undefined)).toBe(true);
    }),
    { numRuns: 25 },
  );
});

describe('what is refused', () => {
  const scene = new Scene();
  scene.group({ MaxSize: 2 });
  it.each([
    [
      'MixedInstancesPolicy',
      { MixedInstancesPolicy: { LaunchTemplate: {}, InstancesDistribution: { SpotMaxPrice: '1' } } },
      'MixedInstancesPolicy is not supported by Stowage yet.',
    ],
    ['CapacityRebalance', { CapacityRebalance: true }, 'CapacityRebalance is not supported by Stowage yet.'],
    [
      'a classic load balancer',
      { LoadBalancerNames: ['old'] },
      'Provided Load Balancers may not be valid. Please ensure they exist and try again.',
    ],
    [
      'a target group that is not there',
      { TargetGroupARNs: [targetGroupArn] },
      'Provided Target Groups may not be valid. Please ensure they exist and try again.',
    ],
    ['nowhere', { VPCZoneIdentifier: '' }, 'At least one Availability Zone or VPC Subnet is required.'],
    ['a subnet that is not there', { VPCZoneIdentifier: 'subnet-1' }, "The subnet ID 'subnet-1' does not exist"],
    [
      'sizes the wrong way round',
      { MinSize: 3, MaxSize: 1 },
      'Max bound, 1, must be greater than or equal to min bound, 3',
    ],
    [
      'a desired capacity out of bounds',
      { DesiredCapacity: 11 },
      'Desired capacity:11 must be between the specified min size:0 and max size:10',
    ],
    [
      'nothing to launch',
      { LaunchTemplate: undefined },
      'Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or MixedInstancesPolicy parameter.',
    ],
    [
      'a template that is not there',
      { LaunchTemplate: { LaunchTemplateName: 'no' } },
      'You must use a valid fully-formed launch template. The specified launch template, with template name no, does not exist.',
    ],
    ['a policy that is none', { TerminationPolicies: ['Random'] }, 'Invalid termination policy: Random'],
  ])('%s', (_, options, message) => {
    const input = {
      AutoScalingGroupName: 'other',
      LaunchTemplate: { LaunchTemplateName: 'fleet' },
      MinSize: 0,
      MaxSize: 10,
      VPCZoneIdentifier: scene.subnetIds()[0],
      ...options,
    };
    expect(scene.refusal('CreateAutoScalingGroup', input)).toEqual(['ValidationError', message]);
  });

  it('a name that is taken, and capacities beyond the bounds', () => {
    expect(scene.refusal('CreateAutoScalingGroup', { AutoScalingGroupName: 'web', MinSize: 0, MaxSize: 1 })[0]).toBe(
      'AlreadyExists',
    );
    expect(scene.refusal('SetDesiredCapacity', { AutoScalingGroupName: 'web', DesiredCapacity: 3 })).toEqual([
      'ValidationError',
      'New SetDesiredCapacity value 3 is above max value 2 for the AutoScalingGroup.',
    ]);
    expect(scene.refusal('SetDesiredCapacity', { AutoScalingGroupName: 'no', DesiredCapacity: 3 })).toEqual([
      'ValidationError',
      "AutoScalingGroup name not found - AutoScalingGroup 'no' not found",
    ]);
  });
});
