import type { LogTarget } from './options.ts';
import { LogStream, type LogStreamDeps } from './stream.ts';

/** The log deliveries of a machine's containers, by the engine's container id. */
export interface LogShipper {
  /** Opens a container's stream; again is fine. Rejects with the API's words when it cannot be written. */
  open(runtimeId: string, target: LogTarget): Promise<void>;
  /** Reads what the container writes until it ends and will not be `restarted`; again is fine. */
  follow(runtimeId: string, target: LogTarget, restarted?: () => boolean): void;
  /** Resolves once all that a container wrote is stored; at once for one that is not followed. */
  drained(runtimeId: string): Promise<void>;
  acknowledge(message: { readonly runtimeId: string; readonly sequence: number; readonly error?: string }): void;
  /** To be called at every new connection. */
  resend(): void;
  /** Ends one container's delivery. */
  forget(runtimeId: string): void;
  close(): void;
}

export function createLogShipper(deps: LogStreamDeps): LogShipper {
  const streams = new Map<string, LogStream>();
  const get = (runtimeId: string, target: LogTarget): LogStream => {
    let stream = streams.get(runtimeId);
    if (stream === undefined) streams.set(runtimeId, (stream = new LogStream(deps, runtimeId, target)));
    return stream;
  };
  return {
    open: (runtimeId, target) => get(runtimeId, target).opened,
    follow: (runtimeId, target, restarted) => get(runtimeId, target).follow(restarted),
    drained: (runtimeId) => streams.get(runtimeId)?.drained ?? Promise.resolve(),
    acknowledge: ({ runtimeId, sequence, error }) => streams.get(runtimeId)?.acknowledge(sequence, error),
    resend: () => streams.forEach((stream) => stream.resend()),
    forget(runtimeId) {
      streams.get(runtimeId)?.close();
      streams.delete(runtimeId);
    },
    close: () => streams.forEach((stream) => stream.close()),
  };
}
