import type {
  CapacityProviderStrategyItem,
  ClusterConfiguration,
  ClusterServiceConnectDefaults,
} from '@aws-sdk/client-ecs';
import type { Scoped, Tag } from '../tags.ts';

/** An ECS cluster. A deleted one stays, INACTIVE, so that what names it can still be described. */
export interface Cluster extends Scoped {
  readonly arn: string;
  readonly name: string;
  readonly status: 'ACTIVE' | 'INACTIVE';
  readonly settings: readonly { readonly name: string; readonly value: string }[];
  readonly configuration?: ClusterConfiguration;
  readonly capacityProviders: readonly string[];
  readonly defaultCapacityProviderStrategy: readonly CapacityProviderStrategyItem[];
  readonly serviceConnectDefaults?: ClusterServiceConnectDefaults;
  readonly tags: readonly Tag[];
  readonly createdAt: number;
}
