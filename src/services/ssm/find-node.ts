import { AwsError } from '../../base/errors.ts';
import type { ManagedNode } from '../../model/ssm/managed-node.ts';
import { scopeOf, type Scoped } from '../../model/tags.ts';
import type { Reader } from '../../store/store.ts';
import { managedNodes } from '../../store/tables/ssm.ts';
import { checkLength, checkPattern } from '../constraints.ts';

/** A managed node, or InvalidInstanceId. */
export function needNode(reader: Reader, scope: Scoped, id: string | undefined): ManagedNode {
  const text = id ?? '';
  checkLength('instanceId', text, 20, 124);
  checkPattern('instanceId', text, /^mi-[0-9a-f]{17}$/);
  const row = reader.get(managedNodes, text);
  if (row === undefined || scopeOf(row) !== scopeOf(scope)) throw unknownNode(text);
  return row;
}

/** What is answered of a node that is not registered. */
export function unknownNode(id: string): AwsError {
  return new AwsError('InvalidInstanceId', `Instance ID ${id} is not valid: no managed node is registered by it.`);
}
