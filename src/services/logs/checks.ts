import { AwsError } from '../../base/errors.ts';
import { parseArn } from '../../base/arn.ts';
import type { Ctx } from '../../aws/handlers.ts';
import type { LogGroup, LogStream } from '../../model/logs/log-group.ts';
import type { Reader } from '../../store/store.ts';
import { logGroupKey, logGroups, logStreamKey, logStreams } from '../../store/tables/logs.ts';

/** CloudWatch Logs' errors ("Common errors", CloudWatch Logs API Reference). */
export const logsErrors = {
  invalid: (message: string) => new AwsError('InvalidParameterException', message),
  notFound: (what: 'group' | 'stream') =>
    new AwsError('ResourceNotFoundException', `The specified log ${what} does not exist.`),
  exists: (what: 'group' | 'stream') =>
    new AwsError('ResourceAlreadyExistsException', `The specified log ${what} already exists`),
};

/** The wording of a constraint of the model that a value breaks. */
export function broken(member: string, value: unknown, constraint: string): AwsError {
  const shown = typeof value === 'string' ? value : JSON.stringify(value);
  return logsErrors.invalid(
    `1 validation error detected: Value '${shown}' at '${member}' failed to satisfy constraint: ${constraint}`,
  );
}

function checkText(member: string, value: string, longest: number, pattern: RegExp): string {
  if (value.length === 0) throw broken(member, value, 'Member must have length greater than or equal to 1');
  if (value.length > longest) throw broken(member, value, `Member must have length less than or equal to ${longest}`);
  if (!pattern.test(value)) {
    throw broken(member, value, `Member must satisfy regular expression pattern: ${pattern.source.slice(1, -1)}`);
  }
  return value;
}

/** Checks the name of a log group. */
export function groupName(value: string | undefined, member = 'logGroupName'): string {
  return checkText(member, value ?? '', 512, /^[.\-_/#A-Za-z0-9]+$/);
}

/** Checks the name of a log stream. */
export function streamName(value: string | undefined, member = 'logStreamName'): string {
  return checkText(member, value ?? '', 512, /^[^:*]*$/);
}

/** Checks a number that the model bounds. */
export function bounded(member: string, value: number | undefined, most: number, otherwise: number): number {
  if (value === undefined) return otherwise;
  if (value < 1) throw broken(member, value, 'Member must have value greater than or equal to 1');
  if (value > most) throw broken(member, value, `Member must have value less than or equal to ${most}`);
  return value;
}

/** A group by its name, or ResourceNotFoundException. */
export function groupOf(reader: Reader, ctx: Ctx, name: string | undefined): LogGroup {
  const group = reader.get(logGroups, logGroupKey(ctx, groupName(name)));
  if (group === undefined) throw logsErrors.notFound('group');
  return group;
}

/** A group by its name or, where an operation takes both, by its name or ARN as `logGroupIdentifier`; exactly one is given. */
export function groupGiven(
  reader: Reader,
  ctx: Ctx,
  input: { readonly logGroupName?: string | undefined; readonly logGroupIdentifier?: string | undefined },
): LogGroup {
  const { logGroupName: name, logGroupIdentifier: identifier } = input;
  if ((name === undefined) === (identifier === undefined)) {
    throw logsErrors.invalid('Exactly one of logGroupName and logGroupIdentifier must be given.');
  }
  return groupOf(reader, ctx, name ?? nameIn(ctx, identifier ?? ''));
}

/** A stream of a group, or ResourceNotFoundException. */
export function streamOf(reader: Reader, group: LogGroup, name: string | undefined): LogStream {
  const stream = reader.get(logStreams, logStreamKey(group, group.name, streamName(name)));
  if (stream === undefined) throw logsErrors.notFound('stream');
  return stream;
}

/** The group's name in an identifier: a name, or an ARN with or without `:*` of the caller's account and region. */
export function nameIn(ctx: Ctx, identifier: string): string {
  if (!identifier.startsWith('arn:')) return identifier;
  const parsed = parseArn(identifier);
  const name = /^log-group:([^:]+)(?::\*)?$/.exec(parsed?.resource ?? '')?.[1];
  if (parsed?.service !== 'logs' || name === undefined) throw logsErrors.invalid(`Invalid ARN: ${identifier}`);
  if (parsed.account !== ctx.account || parsed.region !== ctx.region) throw logsErrors.notFound('group');
  return name;
}
