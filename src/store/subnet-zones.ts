import type { AwsvpcConfiguration } from '../model/ecs/task.ts';
import type { Reader } from './store.ts';
import { subnets } from './tables/ec2.ts';

/** The zones of a network configuration's subnets; `undefined` without one. */
export function zonesOf(reader: Reader, configuration: AwsvpcConfiguration | undefined): string[] | undefined {
  return configuration?.subnets.flatMap((id) => reader.get(subnets, id)?.availabilityZone ?? []);
}
