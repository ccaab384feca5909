import type { Dimension, StandardUnit } from '@aws-sdk/client-cloudwatch';
import type { MetricDimension } from '../../base/metric.ts';
import { isPeriod } from '../../model/cloudwatch/periods.ts';
import { checkEnum, checkLength, cloudWatchErrors, constraint } from './errors.ts';

const bytes = ['Bytes', 'Kilobytes', 'Megabytes', 'Gigabytes', 'Terabytes'];
const rates = [...bytes, 'Bits', 'Kilobits', 'Megabits', 'Gigabits', 'Terabits', 'Count'];

/** Every unit there is ("MetricDatum", CloudWatch API Reference). */
const units = [
  'Seconds',
  'Microseconds',
  'Milliseconds',
  'Percent',
  'None',
  ...rates,
  ...rates.map((unit) => `${unit}/Second`),
];

/** Checks a namespace. */
export function checkNamespace(value: string | undefined, member = 'namespace'): string {
  checkLength(member, value, 1, 255);
  if (value?.startsWith(':') === true) throw constraint(member, value, 'satisfy regular expression pattern: [^:].*');
  return value ?? '';
}

/** Checks a metric's name. */
export function checkMetricName(value: string | undefined, member = 'metricName'): string {
  checkLength(member, value, 1, 255);
  return value ?? '';
}

/** Checks a unit. */
export function checkUnit(value: string | undefined, member = 'unit'): StandardUnit | undefined {
  checkEnum(member, value, units);
  return value as StandardUnit | undefined;
}

/** Checks a period in seconds. */
export function checkPeriod(value: number, name = 'Period'): number {
  if (isPeriod(value)) return value;
  throw cloudWatchErrors.value(`The parameter ${name} must be 1, 5, 10, 20, 30, or a multiple of 60.`);
}

/** Dimensions as a request gives them, checked: at most 30, each name once. */
export function readDimensions(given: readonly Dimension[] | undefined, member = 'dimensions'): MetricDimension[] {
  checkLength(member, given, 0, 30);
  const dimensions = (given ?? []).map(({ Name: name = '', Value: value = '' }, index) => {
    checkLength(`${member}.${index + 1}.member.name`, name, 1, 255);
    checkLength(`${member}.${index + 1}.member.value`, value, 1, 1024);
    // "Dimension names must contain only ASCII characters, must include at least one non-whitespace character, and cannot start with a colon."
    if (!/^[\x20-\x7e]+$/.test(name) || name.trim() === '' || name.startsWith(':')) {
      throw cloudWatchErrors.value(`The value ${name} for parameter ${member}.member.${index + 1}.Name is invalid.`);
    }
    if (!/^[\x20-\x7e]+$/.test(value) || value.trim() === '') {
      throw cloudWatchErrors.value(`The value ${value} for parameter ${member}.member.${index + 1}.Value is invalid.`);
    }
    return { name, value };
  });
  if (new Set(dimensions.map(({ name }) => name)).size < dimensions.length) {
    throw cloudWatchErrors.value('Duplicate dimension names are not allowed.');
  }
  return dimensions;
}
