import type { Scoped, Tag } from '../tags.ts';

/** A CodeDeploy application: a name for deployment groups. Only ECS's are here. */
export interface Application extends Scoped {
  readonly id: string;
  readonly name: string;
  readonly computePlatform: 'ECS';
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly tags: readonly Tag[];
}
