import type { Cancel, Clock } from '../base/clock.ts';
import type { Tunnel, TunnelListener, TunnelTarget } from '../wire/tunnel.ts';
import { jsonOf, payloadTypes } from './client-message.ts';
import type { Conversation, Speaker } from './data-channel.ts';

/** What a terminal is made from. */
export interface TerminalOptions {
  readonly speaker: Speaker;
  readonly clock: Clock;
  readonly container: string;
  readonly command: readonly string[];
  /** Why nothing may be run. */
  readonly refusal: string | undefined;
  readonly open: (to: TunnelTarget, listener: TunnelListener) => Tunnel | undefined;
  /** Hears what the terminal prints. */
  readonly record: (output: Uint8Array) => void;
}

/** How long the program waits for the client to say how large its terminal is. */
const sizeMs = 500;
/** The most bytes of one message; the genuine agent sends 1024. */
const messageBytes = 8_192;
/** A terminal whose client does not say: as the plugin assumes where it has none. */
const assumedSize = { columns: 300, rows: 100 };

/** A session with a program in a terminal of a container. */
export class Terminal implements Conversation {
  readonly sessionType = 'InteractiveCommands';
  readonly properties = {};
  readonly #options: TerminalOptions;
  #tunnel: Tunnel | undefined;
  #printed = false;
  #cancelWait: Cancel = () => {};
  #over = false;

  constructor(options: TerminalOptions) {
    this.#options = options;
  }

  begin(): void {
    const { speaker, refusal } = this.#options;
    if (refusal !== undefined) return speaker.finish(refusal);
    // Its size comes first of all; a program that asks for it at once should find it.
    this.#cancelWait = this.#options.clock.after(sizeMs, () => this.#open(assumedSize));
    return undefined;
  }

  async take(payloadType: number, payload: Uint8Array): Promise<void> {
    if (payloadType === payloadTypes.size) {
      const size = sizeOf(payload);
      if (size === undefined) return;
      if (this.#tunnel === undefined) this.#open(size);
      else this.#tunnel.resize(size.columns, size.rows);
    } else if (payloadType === payloadTypes.output) {
      if (this.#tunnel === undefined) this.#open(assumedSize);
      await this.#tunnel?.write(typed(payload));
    }
  }

  heard(bytes: number): void {
    this.#tunnel?.passedOn(bytes);
  }

  end(): void {
    this.#over = true;
    this.#cancelWait();
    this.#tunnel?.close();
  }

  #open(size: { readonly columns: number; readonly rows: number }): void {
    this.#cancelWait();
    if (this.#over || this.#tunnel !== undefined) return;
    const { speaker, container, command, open } = this.#options;
    const listener: TunnelListener = {
      data: (data) => this.#print(data),
      closed: (ending) => this.#ended(ending),
    };
    this.#tunnel = open({ kind: 'command', container, command, ...size }, listener);
    if (this.#tunnel === undefined) speaker.finish('The machine that runs the task is not connected.');
  }

  #print(data: Uint8Array): void {
    this.#printed = true;
    this.#options.record(data);
    for (let at = 0; at < data.length; at += messageBytes) {
      this.#options.speaker.say(payloadTypes.output, data.subarray(at, at + messageBytes));
    }
  }

  #ended({ error, exitCode }: { readonly error?: string; readonly exitCode?: number }): void {
    const { speaker } = this.#options;
    if (error === undefined) speaker.finish('', exitCode);
    else if (this.#printed) speaker.finish(error);
    // The SSM agent's words (`shell_unix.go`).
    else speaker.finish(`\n----------ERROR-------\nUnable to start command: Failed to start pty: ${error}\n`);
  }
}

/** The key Enter, alone, comes as a line feed; a terminal's is a carriage return (`shell.go` of the SSM agent). */
function typed(payload: Uint8Array): Uint8Array {
  return payload.length === 1 && payload[0] === 0x0a ? Uint8Array.of(0x0d) : payload;
}

function sizeOf(payload: Uint8Array): { readonly columns: number; readonly rows: number } | undefined {
  const { cols, rows } = jsonOf(payload) ?? {};
  const fits = (value: unknown): value is number =>
    typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 0xff_ff;
  return fits(cols) && fits(rows) ? { columns: cols, rows } : undefined;
}
