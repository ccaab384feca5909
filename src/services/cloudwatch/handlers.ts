import type * as sdk from '@aws-sdk/client-cloudwatch';
import type { Handlers } from '../../aws/handlers.ts';
import { alarmHistoryHandlers } from './alarm-history.ts';
import { changeAlarmHandlers } from './change-alarms.ts';
import type { CloudWatchDeps } from './deps.ts';
import { describeAlarmHandlers } from './describe-alarms.ts';
import { listMetricsHandlers } from './list-metrics.ts';
import { metricDataHandlers } from './metric-data.ts';
import { metricStatisticsHandlers } from './metric-statistics.ts';
import { putAlarmHandlers } from './put-alarms.ts';
import { putMetricDataHandlers } from './put-metric-data.ts';
import { tagHandlers } from './tags.ts';

/** Amazon CloudWatch: metrics, metric math and alarms. */
export function cloudWatchHandlers(deps: CloudWatchDeps): Handlers<typeof sdk> {
  return {
    ...putMetricDataHandlers(deps),
    ...listMetricsHandlers(deps),
    ...metricStatisticsHandlers(deps),
    ...metricDataHandlers(deps),
    ...putAlarmHandlers(deps),
    ...describeAlarmHandlers(deps),
    ...changeAlarmHandlers(deps),
    ...alarmHistoryHandlers(deps),
    ...tagHandlers(deps),
  };
}
