import { decode } from './envelope.ts';
import type { PublishHealthRequest, PublishInstanceStatusRequest } from './tcs.ts';
import { boolean, integer, list, number, object, oneOf, text, type Shape } from './shape.ts';

/** Epoch seconds with a fraction, read as epoch milliseconds. */
const seconds: Shape<number> = (value, at) => Math.round(number(value, at) * 1000);

const health = oneOf('HEALTHY', 'UNHEALTHY', 'UNKNOWN');
const status = oneOf('OK', 'IMPAIRED', 'INSUFFICIENT_DATA', 'INITIALIZING');

const taskHealth = (time: Shape<number>) =>
  object({
    taskArn: text,
    containers: list(object({ containerName: text, healthStatus: health, statusSince: time })),
  });
const instanceStatus = (time: Shape<number>) =>
  object({ type: text, status, lastUpdated: time, lastStatusChange: time }, { statusReason: text });

/** As our own agent sends it in its session, where times are epoch milliseconds. */
export const healthRequest: Shape<PublishHealthRequest> = object({ tasks: list(taskHealth(integer)) });
export const instanceStatusRequest: Shape<PublishInstanceStatusRequest> = object({
  statuses: list(instanceStatus(integer)),
});

const sender = { cluster: text, containerInstance: text };

const shapes = {
  PublishHealthRequest: object({
    metadata: object({ ...sender, messageId: text }, { fin: boolean }),
    tasks: list(taskHealth(seconds)),
  }),
  PublishInstanceStatusRequest: object({
    metadata: object({ ...sender, requestId: text }),
    statuses: list(instanceStatus(seconds)),
  }),
  /** What is measured is kept nowhere yet: that it came is all that is of use. */
  PublishMetricsRequest: object(
    { metadata: object({ ...sender, messageId: text, idle: boolean, fin: boolean }) },
    { taskMetrics: list(object({ taskArn: text })) },
  ),
  StartTelemetrySessionRequest: object(sender),
};

type Types = keyof typeof shapes;

/** What an agent sends over its telemetry websocket (`ecs-agent/tcs/model`); times are epoch milliseconds already. */
export type TelemetryMessage = {
  readonly [Type in Types]: { readonly type: Type; readonly message: ReturnType<(typeof shapes)[Type]> };
}[Types];

/** The message that a frame's content holds; `undefined` for a type that nobody knows. Throws MalformedMessageError. */
export function readTelemetryMessage(content: string): TelemetryMessage | undefined {
  const { type, message } = decode(content);
  if (!Object.hasOwn(shapes, type)) return undefined;
  const shape: Shape<unknown> = shapes[type as Types];
  return { type, message: shape(message, type) } as TelemetryMessage;
}
