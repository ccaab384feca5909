import { createReadStream, mkdirSync, readdirSync, statSync } from 'node:fs';
import { appendFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { AwsError, messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { PutObject } from '../model/s3/put-object.ts';
import type { Session } from '../model/ssm/session.ts';

/** What spools are made from. */
export interface SpoolDeps {
  /** The folder where output waits, made when it is needed. */
  readonly folder: string;
  readonly putObject: PutObject;
  readonly clock: Clock;
  readonly log: Log;
}

/** How often, and how far apart, an upload is tried that S3 cannot take now. */
const attempts = 30;
const retryMs = 1_000;

/**
 * What a session's terminal prints, on its way to S3: kept in a file until the session is over, then stored as one object,
 * `<prefix>/<session id>.log` ("Logging with ECS Exec", ECS Developer Guide). The file of a process that was killed is
 * stored by the next.
 */
export class Spool {
  readonly #deps: SpoolDeps;
  readonly #session: Session;
  readonly #file: string;
  #writing: Promise<void> = Promise.resolve();
  #broken = false;

  constructor(deps: SpoolDeps, session: Session) {
    this.#deps = deps;
    this.#session = session;
    this.#file = join(deps.folder, session.id);
  }

  /** Adds what was printed. */
  record(output: Uint8Array): void {
    if (this.#session.logging.s3 === undefined || this.#broken) return;
    const data = Buffer.from(output);
    this.#writing = this.#writing.then(() => this.#append(data));
  }

  /** Stores what was recorded, by this process or one before; resolves once that is done, or given up. */
  async close(): Promise<void> {
    await this.#writing;
    const { s3 } = this.#session.logging;
    if (s3 === undefined) return;
    const sizeBytes = sizeOf(this.#file);
    // Nothing was printed.
    if (sizeBytes === undefined) return;
    const key = `${s3.prefix === '' ? '' : `${s3.prefix}/`}${this.#session.id}.log`;
    await this.#upload({ bucket: s3.bucket, key, sizeBytes });
    await rm(this.#file, { force: true });
  }

  async #append(data: Uint8Array): Promise<void> {
    try {
      mkdirSync(this.#deps.folder, { recursive: true, mode: 0o700 });
      await appendFile(this.#file, data, { mode: 0o600 });
    } catch (error) {
      this.#broken = true;
      this.#deps.log.error('a session can be logged no further', {
        session: this.#session.id,
        error: messageOf(error),
      });
    }
  }

  async #upload(object: { readonly bucket: string; readonly key: string; readonly sizeBytes: number }): Promise<void> {
    const { putObject, clock, log } = this.#deps;
    for (let attempt = 1; ; attempt++) {
      try {
        const content = createReadStream(this.#file);
        return await putObject({ ...object, account: this.#session.account, content });
      } catch (error) {
        // The SSM agent, too, only logs what S3 refuses.
        log.warn('a session is not logged', { session: this.#session.id, attempt, error: messageOf(error) });
        const refused = error instanceof AwsError && error.status < 500;
        if (refused || attempt === attempts) return undefined;
      }
      await clock.sleep(retryMs);
    }
  }
}

/** The ids of sessions whose output waits in the folder. */
export function spooledSessions(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // No session was ever logged to S3.
    return [];
  }
}

/** Removes what waits of a session. */
export function forgetSpooled(folder: string, id: string): Promise<void> {
  return rm(join(folder, id), { force: true });
}

function sizeOf(file: string): number | undefined {
  try {
    return statSync(file).size;
  } catch {
    return undefined;
  }
}
