import type { Cancel, Clock } from '../../base/clock.ts';
import { DriverError, messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { DockerDriver } from '../../drivers/docker/driver.ts';

export interface HoldDeps {
  readonly docker: DockerDriver;
  readonly clock: Clock;
  readonly log: Log;
}

/** A line older than this when it is read says that the container writes faster than its lines are read. */
const lagMs = 250;
/** So long without a line, everything has been read. */
const quietMs = 100;
const retryMs = 500;

/**
 * Holds a container up while its output waits, as `mode: blocking` promises: what it wrote is delivered, however slowly,
 * and until then it does not go on. On ECS its next write to a full pipe blocks; here all its processes are frozen.
 */
export class Hold {
  readonly #deps: HoldDeps;
  readonly #runtimeId: string;
  #lagging = false;
  #full = false;
  #quiet: Cancel | undefined;
  /** How it is as far as we know; a predecessor that was killed may have left it frozen. */
  #frozen = true;
  #applying = false;

  constructor(deps: HoldDeps, runtimeId: string) {
    this.#deps = deps;
    this.#runtimeId = runtimeId;
    void this.#apply();
  }

  /** To be told of every line read, with the time at which it was written. */
  read(writtenAt: number): void {
    const { clock } = this.#deps;
    if (clock.now() - writtenAt > lagMs) this.#lagging = true;
    if (!this.#lagging) return;
    void this.#apply();
    this.#quiet?.();
    this.#quiet = clock.after(quietMs, () => {
      this.#lagging = false;
      void this.#apply();
    });
  }

  /** To be told whether as much waits for delivery as may. */
  waiting(full: boolean): void {
    this.#full = full;
    void this.#apply();
  }

  /** Lets it go on for good. */
  release(): void {
    this.#quiet?.();
    this.#lagging = false;
    this.#full = false;
    void this.#apply();
  }

  /** Makes it as it should be, one call at a time, until it is. */
  async #apply(): Promise<void> {
    if (this.#applying) return;
    this.#applying = true;
    const { docker, clock, log } = this.#deps;
    for (let wanted = this.#wanted; wanted !== this.#frozen; wanted = this.#wanted) {
      try {
        await (wanted ? docker.pause(this.#runtimeId) : docker.unpause(this.#runtimeId));
        this.#frozen = wanted;
      } catch (error) {
        if (error instanceof DriverError && error.kind === 'gone') break;
        log.warn(wanted ? 'container not held up' : 'container not let go', {
          container: this.#runtimeId,
          error: messageOf(error),
        });
        await clock.sleep(retryMs);
      }
    }
    this.#applying = false;
  }

  get #wanted(): boolean {
    return this.#lagging || this.#full;
  }
}
