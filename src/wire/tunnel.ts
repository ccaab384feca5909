/**
 * Tunnels: streams of bytes between the control plane and a process or a port of a task, over the connection with the
 * task's machine. They end with that connection. Data is base64, as the messages are JSON.
 */

/** How many bytes each end may send that the other has not credited. */
export const tunnelWindow = 1_048_576;

/** The most bytes of one data message. */
const dataBytes = 32_768;

/** What a tunnel leads to. */
export type TunnelTarget =
  /** A program in a terminal, in a container of the task. */
  | {
      readonly kind: 'command';
      readonly container: string;
      readonly command: readonly string[];
      readonly columns: number;
      readonly rows: number;
    }
  /** A TCP port as programs of the task reach it: its own, `localhost`'s, or another machine's. */
  | { readonly kind: 'port'; readonly host: string; readonly port: number };

/** What both ends say. */
type TunnelTalk =
  | { readonly type: 'StowageTunnelData'; readonly message: { readonly tunnelId: string; readonly data: string } }
  /** So many bytes were passed on: as many more may come. */
  | { readonly type: 'StowageTunnelCredit'; readonly message: { readonly tunnelId: string; readonly bytes: number } };

/** What the control plane says of tunnels. */
export type TunnelRequest =
  | TunnelTalk
  | {
      readonly type: 'StowageTunnelOpen';
      readonly message: { readonly tunnelId: string; readonly taskArn: string; readonly to: TunnelTarget };
    }
  | {
      readonly type: 'StowageTunnelResize';
      readonly message: { readonly tunnelId: string; readonly columns: number; readonly rows: number };
    }
  /** No more data comes. */
  | { readonly type: 'StowageTunnelEnd'; readonly message: { readonly tunnelId: string } }
  /** End it and all that runs in it. */
  | { readonly type: 'StowageTunnelClose'; readonly message: { readonly tunnelId: string } };

/** What a machine says of tunnels. */
export type TunnelReport =
  | TunnelTalk
  /** Its last word: the program ended or the connection did, or neither could begin, as `error` says. */
  | {
      readonly type: 'StowageTunnelClosed';
      readonly message: { readonly tunnelId: string; readonly exitCode?: number; readonly error?: string };
    };

/** The sending half of a tunnel: cuts data into messages and sends them as far as the other end has credited. */
export class TunnelSender {
  readonly #send: (data: string) => void;
  readonly #waiting: { readonly data: Uint8Array; readonly sent: () => void }[] = [];
  #credit = tunnelWindow;
  #dropped = false;

  constructor(send: (data: string) => void) {
    this.#send = send;
  }

  /** Resolves (in order) once all of `data` was sent, or will never be; never rejects. */
  write(data: Uint8Array): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (this.#dropped) resolve();
    for (let at = 0; !this.#dropped && (at < data.length || at === 0); at += dataBytes) {
      const last = at + dataBytes >= data.length;
      this.#waiting.push({ data: data.subarray(at, at + dataBytes), sent: last ? resolve : () => {} });
    }
    this.#pump();
    return promise;
  }

  /** The other end has passed on so many bytes. */
  credited(bytes: number): void {
    this.#credit += bytes;
    this.#pump();
  }

  /** Sends no more. */
  drop(): void {
    this.#dropped = true;
    for (const { sent } of this.#waiting.splice(0)) sent();
  }

  #pump(): void {
    if (this.#dropped) return;
    for (let next = this.#waiting[0]; next !== undefined && next.data.length <= this.#credit; next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#credit -= next.data.length;
      if (next.data.length > 0) this.#send(Buffer.from(next.data).toString('base64'));
      next.sent();
    }
  }
}

/** The receiving half: counts what was passed on and credits it in handfuls. */
export class TunnelReceiver {
  readonly #credit: (bytes: number) => void;
  #passedOn = 0;

  constructor(credit: (bytes: number) => void) {
    this.#credit = credit;
  }

  /** So many bytes went on to where they were meant to go. */
  passedOn(bytes: number): void {
    this.#passedOn += bytes;
    if (this.#passedOn < tunnelWindow / 4) return;
    this.#credit(this.#passedOn);
    this.#passedOn = 0;
  }
}

/** The control plane's end of an open tunnel. */
export interface Tunnel {
  /** Resolves (in order) once the data is on its way, or never will be. */
  write(data: Uint8Array): Promise<void>;
  /** So many bytes of what came were passed on. */
  passedOn(bytes: number): void;
  /** No more data comes from here. */
  end(): void;
  resize(columns: number, rows: number): void;
  /** Ends it; nothing is heard of it any more. */
  close(): void;
}

/** Who hears what comes out of a tunnel. */
export interface TunnelListener {
  data(data: Uint8Array): void;
  /** It is over, for good. */
  closed(ending: { readonly exitCode?: number; readonly error?: string }): void;
}

/** Opens a tunnel into a task; `undefined` when its machine is not connected. */
export type OpenTunnel = (
  machineId: string,
  taskArn: string,
  to: TunnelTarget,
  listener: TunnelListener,
) => Tunnel | undefined;
