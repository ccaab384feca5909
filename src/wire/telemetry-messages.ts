import { decode } from './envelope.ts';
import type { PublishHealthRequest, PublishInstanceStatusRequest, PublishMetricsRequest } from './tcs.ts';
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

const statsSet = object({ min: number, max: number, sampleCount: number, sum: number });
const taskMetrics = list(
  object(
    { taskArn: text },
    {
      containerMetrics: list(object({}, { containerName: text, cpuStatsSet: statsSet, memoryStatsSet: statsSet })),
    },
  ),
);
/** The same in both forms: what a genuine agent leaves out is empty. */
const measured = (read: Partial<ReturnType<typeof withMetrics>>): PublishMetricsRequest => ({
  taskMetrics: (read.taskMetrics ?? []).map(({ taskArn, containerMetrics = [] }) => ({ taskArn, containerMetrics })),
});
const withMetrics = object({}, { taskMetrics });
export const metricsRequest: Shape<PublishMetricsRequest> = (value, at) => measured(withMetrics(value, at));

const sender = { cluster: text, containerInstance: text };

const envelope = object({ metadata: object({ ...sender, messageId: text, idle: boolean, fin: boolean }) });

const shapes = {
  PublishHealthRequest: object({
    metadata: object({ ...sender, messageId: text }, { fin: boolean }),
    tasks: list(taskHealth(seconds)),
  }),
  PublishInstanceStatusRequest: object({
    metadata: object({ ...sender, requestId: text }),
    statuses: list(instanceStatus(seconds)),
  }),
  PublishMetricsRequest: ((value, at) => {
    envelope(value, at);
    return metricsRequest(value, at);
  }) satisfies Shape<PublishMetricsRequest>,
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
