import type { TaskSet } from '../ecs/task-set.ts';
import type { CodeDeployment, TaskSetRecord } from './deployment.ts';

/** The task sets of a deployment as they stand, the original one first. */
export function taskSetRecords(
  { originalArn, replacementArn, share }: CodeDeployment,
  taskSets: readonly TaskSet[],
): TaskSetRecord[] {
  const record = (arn: string | undefined, label: 'Blue' | 'Green', trafficPercent: number): TaskSetRecord[] => {
    const found = taskSets.find((one) => one.arn === arn);
    if (found === undefined) return [];
    const { id, status, computedDesiredCount, pendingCount, runningCount, loadBalancers } = found;
    return [
      {
        id,
        label,
        status,
        desiredCount: computedDesiredCount,
        pendingCount,
        runningCount,
        trafficPercent,
        targetGroupArn: loadBalancers[0]?.targetGroupArn ?? '',
      },
    ];
  };
  return [...record(originalArn, 'Blue', 100 - share), ...record(replacementArn, 'Green', share)];
}
