import { arn } from '../../base/arn.ts';
import type { Ids } from '../../base/ids.ts';
import type { LogGroup, LogStream } from '../../model/logs/log-group.ts';
import { scopeOf, type Scoped } from '../../model/tags.ts';
import { table } from '../table.ts';

/** Log groups, by account, region and name. */
export const logGroups = table<LogGroup>()({
  name: 'logs.groups',
  key: (row) => logGroupKey(row, row.name),
  indexes: { scope: scopeOf },
});

/** Log streams, by group and name. */
export const logStreams = table<LogStream>()({
  name: 'logs.streams',
  key: (row) => logStreamKey(row, row.groupName, row.name),
  indexes: { group: (row) => logGroupKey(row, row.groupName) },
});

/** The key of a log group, and the value of the streams' `group` index. */
export function logGroupKey(scope: Scoped, name: string): string {
  return `${scopeOf(scope)}/${name}`;
}

/** The key of a log stream. Group names have no colon. */
export function logStreamKey(scope: Scoped, groupName: string, name: string): string {
  return `${logGroupKey(scope, groupName)}:${name}`;
}

/** A new group as it is without any settings. */
export function newLogGroup(scope: Scoped, name: string, now: number, ids: Ids): LogGroup {
  return {
    account: scope.account,
    region: scope.region,
    name,
    arn: arn('logs', scope.region, scope.account, `log-group:${name}`),
    logGroupClass: 'STANDARD',
    deletionProtectionEnabled: false,
    tags: [],
    createdAt: now,
    eventsId: newEventsId(ids),
  };
}

/** A new stream. */
export function newLogStream(group: LogGroup, name: string, now: number, ids: Ids): LogStream {
  return {
    account: group.account,
    region: group.region,
    groupName: group.name,
    name,
    arn: `${group.arn}:log-stream:${name}`,
    createdAt: now,
    eventsId: newEventsId(ids),
  };
}

function newEventsId(ids: Ids): number {
  return Number.parseInt(ids.hex(12), 16);
}
