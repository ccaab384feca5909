import type { Tag } from '../tags.ts';

/** IAM is global: its rows belong to an account and to no region. */
interface Named {
  readonly account: string;
  readonly arn: string;
  /** `AROA…`, `ANPA…`, `AIPA…`: unique for ever ("IAM identifiers", IAM User Guide). */
  readonly id: string;
  readonly name: string;
  readonly path: string;
  readonly createdAt: number;
  readonly tags: readonly Tag[];
}

/** A role with what is attached to it. Documents are the JSON text as given. */
export interface Role extends Named {
  readonly description?: string;
  readonly trustPolicy: string;
  readonly maxSessionSeconds: number;
  readonly permissionsBoundary?: string;
  /** ARNs of managed policies, in the order of attachment. */
  readonly attachedPolicies: readonly string[];
  /** Inline policies by name. */
  readonly inlinePolicies: Readonly<Record<string, string>>;
  /** Set for roles that belong to an AWS service. */
  readonly serviceLinkedFor?: string;
  readonly lastUsedAt?: number;
}

/** A customer managed policy and its versions, newest last; at most five. */
export interface Policy extends Named {
  readonly description?: string;
  readonly versions: readonly { readonly id: string; readonly document: string; readonly createdAt: number }[];
  readonly defaultVersion: string;
  /** The number of the next version. */
  readonly nextVersion: number;
}

/** An instance profile; AWS allows one role in it. */
export interface InstanceProfile extends Named {
  readonly roleName?: string;
}

/** Temporary credentials that STS has handed out. */
export interface Session {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly account: string;
  /** `arn:aws:sts::<account>:assumed-role/<role>/<session>`, or the caller's own ARN. */
  readonly arn: string;
  /** `<role id>:<session name>`. */
  readonly userId: string;
  readonly expiresAt: number;
  /** What narrows the session below its role, and what it carries, as given to AssumeRole. */
  readonly sessionPolicy?: string;
  readonly sessionPolicyArns?: readonly string[];
  readonly tags?: readonly Tag[];
  readonly sourceIdentity?: string;
}
