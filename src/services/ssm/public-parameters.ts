import type { Ctx } from '../../aws/handlers.ts';
import { dateOf, timeOf } from '../../base/clock.ts';
import { parameterArn } from '../../model/ssm/parameter.ts';
import { ecsOptimizedParameters, imagesOf } from '../../model/ec2/images.ts';
import { isBelow, type Candidate } from './filters.ts';

/** Whether a name is one that AWS publishes ("Working with public parameters", Systems Manager User Guide). */
export function isPublic(name: string): boolean {
  return name.startsWith('/aws/service/');
}

/** A parameter of AWS by its name. */
export function publicParameter(ctx: Ctx, name: string) {
  return publicParameters(ctx).find((each) => each.Name === name);
}

/** The parameters of AWS under a path. */
export function publicParametersBelow(
  ctx: Ctx,
  path: string,
  recursive: boolean,
  matches: (candidate: Candidate) => boolean,
) {
  return publicParameters(ctx).filter(
    ({ Name: name, Type: type, DataType: dataType }) =>
      isBelow(name, path, recursive) &&
      matches({ parameter: { name, tags: [] }, version: { type, dataType, tier: 'Standard', labels: [] } }),
  );
}

/** Those that say which images have the ECS agent. */
function publicParameters({ region }: Ctx) {
  const changedAt = timeOf(imagesOf(region)[0]?.createdAt ?? '') ?? 0;
  return Object.entries(ecsOptimizedParameters(region)).map(([name, value]) => ({
    Name: name,
    Type: 'String' as const,
    Value: value,
    Version: 1,
    LastModifiedDate: dateOf(changedAt),
    ARN: parameterArn({ region, account: '' }, name),
    DataType: 'text',
  }));
}
