import { callQuery } from '../control-plane-client.ts';
import { agentRole } from '../../model/iam/machine-session.ts';
import type { Installation } from '../installation.ts';

/** What AWS attaches to the roles of container instances ("Amazon ECS container instance IAM role"). */
const agentPolicy = 'arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role';

/** The longest that a session of the role may last. */
const sessionSeconds = 43_200;

/** Credentials of a session of the role. */
export interface AgentCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/** Makes the role unless it is there, and begins a session of it for the agent named so. */
export async function issueAgentCredentials(installation: Installation, agent: string): Promise<AgentCredentials> {
  const trust = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }],
  };
  const role = { RoleName: agentRole, AssumeRolePolicyDocument: JSON.stringify(trust) };
  const iam = { service: 'iam', version: '2010-05-08' } as const;
  await callQuery(
    installation,
    { ...iam, action: 'CreateRole', ignore: 'EntityAlreadyExists' },
    { ...role, MaxSessionDuration: String(sessionSeconds) },
  );
  await callQuery(
    installation,
    { ...iam, action: 'AttachRolePolicy' },
    { RoleName: agentRole, PolicyArn: agentPolicy },
  );
  const answer = await callQuery(
    installation,
    { service: 'sts', version: '2011-06-15', action: 'AssumeRole' },
    {
      RoleArn: `arn:aws:iam::${installation.account}:role/${agentRole}`,
      RoleSessionName: agent,
      DurationSeconds: String(sessionSeconds),
    },
  );
  const member = (name: string): string => new RegExp(`<${name}>([^<]*)</${name}>`).exec(answer)?.[1] ?? '';
  return {
    accessKeyId: member('AccessKeyId'),
    secretAccessKey: member('SecretAccessKey'),
    sessionToken: member('SessionToken'),
  };
}
