import type { AlarmState } from '../../src/model/cloudwatch/alarm.ts';
import { alarmArn, alarms } from '../../src/store/tables/cloudwatch.ts';
import type { World } from './world.ts';

/** Puts an alarm of the world's account into a state. */
export function setAlarm(world: World, name: string, value: AlarmState): void {
  const at = world.clock.now();
  const scope = { account: '000000000000', region: 'us-east-1' };
  const metric = { namespace: 'App', name, dimensions: [], statistic: 'Sum', periodSeconds: 60 } as const;
  world.store.transact((tx) =>
    tx.put(alarms, {
      ...scope,
      kind: 'metric',
      arn: alarmArn(scope, name),
      name,
      actionsEnabled: true,
      okActions: [],
      alarmActions: [],
      insufficientDataActions: [],
      configuredAt: 0,
      tags: [],
      watched: { metric },
      evaluationPeriods: 3,
      threshold: 1,
      comparisonOperator: 'GreaterThanThreshold',
      // Its metric is silent here: it stays as it is put.
      treatMissingData: 'ignore',
      status: { value, reason: '', updatedAt: at, transitionedAt: at },
    }),
  );
}
