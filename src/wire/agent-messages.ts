import { decode } from './envelope.ts';
import type { AgentMessage } from './messages.ts';
import { boolean, integer, list, object, oneOf, text, type Shape } from './shape.ts';
import { healthRequest, instanceStatusRequest, metricsRequest } from './telemetry-messages.ts';

const state = oneOf('PENDING', 'RUNNING', 'STOPPED');

const container = object(
  { containerName: text, status: state },
  {
    runtimeId: text,
    exitCode: integer,
    reason: text,
    imageDigest: text,
    networkBindings: list(
      object(
        {},
        {
          bindIP: text,
          containerPort: integer,
          hostPort: integer,
          protocol: oneOf('tcp', 'udp'),
          containerPortRange: text,
          hostPortRange: text,
        },
      ),
    ),
  },
);

const taskStateChange = object(
  { cluster: text, task: text, status: state, reason: text, containers: list(container) },
  {
    managedAgents: list(object({ managedAgentName: text, containerName: text, status: state }, { reason: text })),
    attachments: list(object({ attachmentArn: text, status: oneOf('ATTACHED', 'DETACHED') })),
    pullStartedAt: integer,
    pullStoppedAt: integer,
    executionStoppedAt: integer,
  },
);

type Shapes = {
  readonly [Type in AgentMessage['type']]: Shape<Extract<AgentMessage, { readonly type: Type }>['message']>;
};

/** The form of each message that an agent may send. */
const shapes: Shapes = {
  HeartbeatAckRequest: object({ messageId: text }),
  AckRequest: object({ cluster: text, containerInstance: text, messageId: text }),
  NackRequest: object({ cluster: text, containerInstance: text, messageId: text, reason: text }),
  IAMRoleCredentialsAckRequest: object({ messageId: text, expiration: text, credentialsId: text }),
  TaskStopVerificationMessage: object({
    messageId: text,
    stopCandidates: list(object({ taskArn: text, taskClusterArn: text, desiredStatus: oneOf('STOPPED') })),
  }),
  SubmitTaskStateChange: taskStateChange,
  PublishHealthRequest: healthRequest,
  PublishMetricsRequest: metricsRequest,
  PublishInstanceStatusRequest: instanceStatusRequest,
  StowageTargetHealth: object(
    {
      targetGroupArn: text,
      id: text,
      port: integer,
      state: oneOf('initial', 'healthy', 'unhealthy', 'unused', 'draining'),
    },
    { reason: text, description: text },
  ),
  StowageApplied: object(
    { kind: oneOf('vpc', 'balancer'), id: text },
    {
      error: text,
      shares: list(object({ ruleArn: text, targetGroups: list(object({ targetGroupArn: text, weight: integer })) })),
    },
  ),
  StowageInstanceState: object(
    { instanceId: text, state: oneOf('running', 'stopped', 'terminated', 'failed'), boot: integer },
    { error: text },
  ),
  StowageLogEvents: object({
    runtimeId: text,
    sequence: integer,
    region: text,
    account: text,
    logGroup: text,
    logStream: text,
    createGroup: boolean,
    events: list(object({ timestamp: integer, message: text })),
  }),
  StowageTunnelData: object({ tunnelId: text, data: text }),
  StowageTunnelCredit: object({ tunnelId: text, bytes: integer }),
  StowageTunnelClosed: object({ tunnelId: text }, { exitCode: integer, error: text }),
};

/**
 * The message of an agent that a frame holds; `undefined` for a type that nobody knows: a newer agent may say more than we
 * understand. Throws MalformedMessageError.
 */
export function readAgentMessage(frame: string): AgentMessage | undefined {
  const { type, message } = decode(frame);
  if (!Object.hasOwn(shapes, type)) return undefined;
  const shape: Shape<unknown> = shapes[type as AgentMessage['type']];
  return { type, message: shape(message, type) } as AgentMessage;
}
