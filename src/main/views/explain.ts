import { shortName } from '../../model/ecs/arns.ts';
import type { Exclusion, Refusal } from '../../model/ecs/placement.ts';
import type { Reader } from '../../store/store.ts';
import { explainInstance, type InstanceExplanation } from './explain-instance.ts';
import { explainService, type ServiceExplanation } from './explain-service.ts';
import { explainTask, type TaskExplanation } from './explain-task.ts';
import { findSubject } from './find-subject.ts';

/** Why RunTask or StartTask made no task of a family. */
export interface RefusalExplanation {
  readonly kind: 'refusal';
  readonly cluster: string;
  readonly region: string;
  readonly operation: Refusal['operation'];
  readonly taskDefinition: string;
  readonly at: number;
  readonly count: number;
  readonly excluded: readonly Exclusion[];
}

/** The answer of `GET /_stowage/explain`. */
export type Explanation = TaskExplanation | ServiceExplanation | InstanceExplanation | RefusalExplanation;

/** Explains what a text means (`findSubject`). Throws an `AwsError` when it means nothing, or several things. */
export function explain(store: Reader, text: string, cluster: string | undefined, now: number): Explanation {
  const { kind, row } = findSubject(store, text, cluster);
  switch (kind) {
    case 'task':
      return explainTask(store, row);
    case 'service':
      return explainService(store, row, now);
    case 'instance':
      return explainInstance(store, row, now);
    case 'refusal': {
      const { operation, at, count, excluded, region } = row;
      const taskDefinition = shortName(row.taskDefinitionArn);
      return { kind, cluster: shortName(row.clusterArn), region, operation, taskDefinition, at, count, excluded };
    }
    default:
      return kind satisfies never;
  }
}
