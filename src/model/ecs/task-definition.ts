import type { RegisterTaskDefinitionCommandInput } from '@aws-sdk/client-ecs';
import type { Scoped, Tag } from '../tags.ts';

/**
 * A revision of a task definition: the registered document with ECS's defaults filled in (the shapes are the SDK's own,
 * which carry no dates here), and what ECS adds to it.
 */
export interface TaskDefinition extends Scoped {
  readonly arn: string;
  readonly family: string;
  readonly revision: number;
  readonly status: 'ACTIVE' | 'INACTIVE' | 'DELETE_IN_PROGRESS';
  /** `RegisterTaskDefinition`'s input without `tags`, normalised: cpu and memory in units and MiB, protocols and hostPorts filled in. */
  readonly document: Omit<RegisterTaskDefinitionCommandInput, 'tags' | 'family'>;
  readonly requiresAttributes: readonly { readonly name: string; readonly value?: string }[];
  readonly compatibilities: readonly ('EC2' | 'FARGATE' | 'EXTERNAL' | 'MANAGED_INSTANCES')[];
  readonly registeredAt: number;
  readonly registeredBy: string;
  readonly deregisteredAt?: number;
  readonly deleteRequestedAt?: number;
  readonly tags: readonly Tag[];
}
