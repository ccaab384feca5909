import { AwsError } from '../../base/errors.ts';
import type { TargetGroup } from '../../model/elbv2/load-balancing.ts';
import type { Reader } from '../../store/store.ts';
import { listeners, targets } from '../../store/tables/elbv2.ts';
import { elbErrors } from './errors.ts';
import { findLoadBalancer, isArn } from './find.ts';

/**
 * Throws unless an application load balancer can be the target of a group: it is the group's only one, in its VPC, and has a listener
 * on the port ("Use Application Load Balancers as targets of a Network Load Balancer").
 */
export function checkBalancerTarget(reader: Reader, group: TargetGroup, id: string, port: number): void {
  if (!isArn(id, 'load balancer')) throw elbErrors.validation(`Load balancer ARN '${id}' is not valid`);
  const refuse = (why: string): AwsError => new AwsError('InvalidTarget', why);
  const row = findLoadBalancer(reader, group, id);
  if (row.type !== 'application') {
    throw refuse(`The following targets are not Application Load Balancers: '${id}'`);
  }
  if (row.vpcId !== group.vpcId) {
    throw refuse(`The following targets are not in the target group VPC '${group.vpcId}': '${id}'`);
  }
  if (port !== group.port) {
    throw elbErrors.validation(`The port of the target must match the port of the target group, '${group.port}'`);
  }
  if (!reader.by(listeners, 'loadBalancer', id).some((listener) => listener.port === port)) {
    throw refuse(`The following targets have no listener on port '${port}': '${id}'`);
  }
  const others = reader
    .by(targets, 'targetGroup', group.arn)
    .filter((each) => each.id !== id && each.drainingSince === undefined);
  if (others.length > 0) {
    throw new AwsError('TooManyTargets', 'Only one Application Load Balancer can be registered with a target group');
  }
}
