import type { Cancel, Clock } from '../../base/clock.ts';
import { DriverError, messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { DockerDriver } from '../../drivers/docker/driver.ts';
import type { AgentMessage } from '../../wire/messages.ts';
import { EventMaker, eventOverheadBytes, positionOf, stampBefore, type PositionedEvent } from './events.ts';
import { Hold } from './hold.ts';
import type { LogTarget } from './options.ts';

type LogMessage = Extract<AgentMessage, { type: 'StowageLogEvents' }>;

export interface LogStreamDeps {
  readonly docker: DockerDriver;
  readonly clock: Clock;
  readonly log: Log;
  readonly send: (message: AgentMessage) => void;
}

/** How long lines are gathered into one message. */
const gatherMs = 50;
/** How long a multi-line event stays open without a further line (Docker's driver: five seconds). */
const eventAgeMs = 5_000;
/** One message's limits are those of PutLogEvents. */
const maxBatchBytes = 1_048_576;
const maxBatchEvents = 10_000;
/** How much may wait for acknowledgement before reading pauses: the rest stays in the engine's file. */
const maxWaitingBytes = 4 * maxBatchBytes;
const longestRetryMs = 5_000;
/** A message that is not acknowledged for so long is sent again. */
const ackMs = 10_000;

/**
 * The delivery of one container's output: opened (the control plane says where to go on), followed until the container
 * ends, sent in messages of which one is unacknowledged at a time.
 */
export class LogStream {
  readonly #deps: LogStreamDeps;
  readonly #runtimeId: string;
  readonly #target: LogTarget;
  readonly #maker: EventMaker;
  readonly #stop = new AbortController();
  readonly #opened = Promise.withResolvers<void>();
  readonly #drained = Promise.withResolvers<void>();
  #isOpen = false;
  #following = false;
  #ended = false;
  #inFlight: LogMessage | undefined;
  #acked = 0;
  #waiting: PositionedEvent[] = [];
  #waitingBytes = 0;
  #room: (() => void) | undefined;
  #gather: Cancel | undefined;
  #age: Cancel | undefined;
  #hold: Hold | undefined;
  #overdue: Cancel | undefined;

  constructor(deps: LogStreamDeps, runtimeId: string, target: LogTarget) {
    this.#deps = deps;
    this.#runtimeId = runtimeId;
    this.#target = target;
    this.#maker = new EventMaker(target.eventStart);
    this.#opened.promise.catch(() => {});
    this.#send([], 0);
  }

  /** Resolves once the stream takes events; rejects with the API's words when it cannot be written. */
  get opened(): Promise<void> {
    return this.#opened.promise;
  }

  /** Resolves once the container has ended and all it wrote is stored. */
  get drained(): Promise<void> {
    return this.#drained.promise;
  }

  /** Begins to read; the container must have been started. While it is to be `restarted`, its end is not the last. */
  follow(restarted: () => boolean = () => false): void {
    if (this.#following) return;
    this.#following = true;
    void this.opened
      .then(() => this.#read(restarted))
      .catch((error: unknown) => {
        if (this.#stop.signal.aborted) return;
        this.#deps.log.warn('log delivery ended', { container: this.#runtimeId, error: messageOf(error) });
        this.#drained.resolve();
      });
  }

  /** Says again what is not acknowledged: the connection is a new one. */
  resend(): void {
    this.#overdue?.();
    if (this.#inFlight === undefined || this.#stop.signal.aborted) return;
    this.#deps.send(this.#inFlight);
    this.#overdue = this.#deps.clock.after(ackMs, () => this.resend());
  }

  acknowledge(sequence: number, error: string | undefined): void {
    this.#acked = Math.max(this.#acked, sequence);
    if (!this.#isOpen) {
      this.#inFlight = undefined;
      if (error !== undefined) return this.#opened.reject(new Error(error));
      this.#isOpen = true;
      return this.#opened.resolve();
    }
    if (this.#inFlight === undefined) return;
    if (error !== undefined) {
      // The group was deleted meanwhile: these events have nowhere to go, later ones may have again.
      this.#deps.log.warn('log events refused', { container: this.#runtimeId, error });
    } else if (sequence < this.#inFlight.message.sequence) {
      return;
    }
    this.#inFlight = undefined;
    this.#flush();
  }

  close(): void {
    this.#stop.abort();
    this.#gather?.();
    this.#age?.();
    this.#overdue?.();
    this.#room?.();
    this.#hold?.release();
  }

  async #read(restarted: () => boolean): Promise<void> {
    const { docker, clock } = this.#deps;
    const { signal } = this.#stop;
    const from = this.#acked;
    if (this.#target.blocking) this.#hold = new Hold(this.#deps, this.#runtimeId);
    let since = stampBefore(from);
    let retryMs = 50;
    for (let ended = false; !ended;) {
      try {
        const options = { follow: true, signal, ...(since === undefined ? {} : { since }) };
        for await (const line of docker.logs(this.#runtimeId, options)) {
          if (since === undefined || line.stamp > since) since = line.stamp;
          const position = positionOf(line.stamp);
          if (position <= from) continue;
          this.#hold?.read(line.at);
          this.#take(this.#maker.add(line.line, line.at, position));
          this.#watchAge();
          if (this.#waitingBytes > maxWaitingBytes) await this.#wait();
          retryMs = 50;
        }
        // The stream also ends when the engine goes away politely: only a container that is over has said all.
        const { status } = await docker.inspect(this.#runtimeId);
        ended = (status === 'exited' || status === 'dead') && !restarted();
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof DriverError && error.kind === 'gone') ended = true;
        else if (error instanceof DriverError && error.kind === 'fatal') throw error;
      }
      if (!ended) {
        await clock.sleep(retryMs, signal);
        retryMs = Math.min(longestRetryMs, retryMs * 2);
      }
    }
    this.#ended = true;
    this.#take(this.#maker.flush());
    this.#flush();
  }

  #take(events: readonly PositionedEvent[]): void {
    if (events.length === 0) return;
    for (const event of events) {
      this.#waiting.push(event);
      this.#waitingBytes += event.bytes + eventOverheadBytes();
    }
    if (this.#waitingBytes >= maxBatchBytes) this.#flush();
    else this.#gather ??= this.#deps.clock.after(gatherMs, () => this.#flush());
  }

  #watchAge(): void {
    this.#age?.();
    this.#age = undefined;
    if (!this.#maker.waiting) return;
    this.#age = this.#deps.clock.after(eventAgeMs, () => this.#take(this.#maker.flush()));
  }

  async #wait(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#room = resolve;
    this.#hold?.waiting(true);
    await promise;
    this.#hold?.waiting(false);
    this.#stop.signal.throwIfAborted();
  }

  #flush(): void {
    this.#gather?.();
    this.#gather = undefined;
    if (this.#inFlight !== undefined || this.#stop.signal.aborted) return;
    if (this.#waiting.length === 0) {
      if (this.#ended) this.#drained.resolve();
      return;
    }
    let bytes = 0;
    let count = 0;
    for (const event of this.#waiting) {
      const size = event.bytes + eventOverheadBytes();
      if (count > 0 && (bytes + size > maxBatchBytes || count >= maxBatchEvents)) break;
      bytes += size;
      count++;
    }
    // Pieces of one long line share its position: they are not parted, or the later ones would look repeated.
    while (count < this.#waiting.length && this.#waiting[count]?.position === this.#waiting[count - 1]?.position) {
      bytes += (this.#waiting[count]?.bytes ?? 0) + eventOverheadBytes();
      count++;
    }
    const batch = this.#waiting.splice(0, count);
    this.#waitingBytes -= bytes;
    this.#room?.();
    this.#room = undefined;
    this.#send(batch, batch.at(-1)?.position ?? 0);
  }

  #send(events: readonly PositionedEvent[], sequence: number): void {
    const { region, account, logGroup, logStream, createGroup } = this.#target;
    this.#inFlight = {
      type: 'StowageLogEvents',
      message: {
        runtimeId: this.#runtimeId,
        sequence,
        region,
        account,
        logGroup,
        logStream,
        createGroup,
        events: events.map(({ timestamp, message }) => ({ timestamp, message })),
      },
    };
    this.resend();
  }
}
