import { parseArn } from '../../base/arn.ts';

/** The role that the kits of genuine agents hold sessions of. */
export const agentRole = 'StowageAgentRole';

/**
 * The role that a machine acts in, from the ARN of its session: `assumed-role/<role>/<session>`. EC2 names the sessions of instances by the
 * instance, Systems Manager those of managed nodes by the node; those of agents' kits are known by their role. `undefined` for all other callers.
 */
export function machineSession(arn: string): { readonly role: string; readonly session: string } | undefined {
  const [, role, session] = /^assumed-role\/([^/]+)\/(.+)$/.exec(parseArn(arn)?.resource ?? '') ?? [];
  if (role === undefined || session === undefined) return undefined;
  return role === agentRole || /^(i-[0-9a-f]{17}|mi-[0-9a-f]{17})$/.test(session) ? { role, session } : undefined;
}
