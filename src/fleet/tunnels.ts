import type { Ids } from '../base/ids.ts';
import {
  TunnelReceiver,
  TunnelSender,
  type Tunnel,
  type TunnelListener,
  type TunnelReport,
  type TunnelRequest,
  type TunnelTarget,
} from '../wire/tunnel.ts';

interface Open {
  readonly listener: TunnelListener;
  readonly sender: TunnelSender;
}

/** The tunnels through one connection with a machine: they are over when it is. */
export class MachineTunnels {
  readonly #ids: Ids;
  readonly #send: (message: TunnelRequest) => void;
  readonly #open = new Map<string, Open>();

  constructor(ids: Ids, send: (message: TunnelRequest) => void) {
    this.#ids = ids;
    this.#send = send;
  }

  /** Opens one. That it cannot be is told like an end. */
  open(taskArn: string, to: TunnelTarget, listener: TunnelListener): Tunnel {
    const send = this.#send;
    const tunnelId = this.#ids.uuid();
    const sender = new TunnelSender((data) => send({ type: 'StowageTunnelData', message: { tunnelId, data } }));
    const receiver = new TunnelReceiver((bytes) => send({ type: 'StowageTunnelCredit', message: { tunnelId, bytes } }));
    this.#open.set(tunnelId, { listener, sender });
    send({ type: 'StowageTunnelOpen', message: { tunnelId, taskArn, to } });
    return {
      write: (data) => sender.write(data),
      passedOn: (bytes) => receiver.passedOn(bytes),
      // After what waits to be sent.
      end: () => void sender.write(Buffer.alloc(0)).then(() => this.#talk(tunnelId, 'StowageTunnelEnd')),
      resize: (columns, rows) => send({ type: 'StowageTunnelResize', message: { tunnelId, columns, rows } }),
      close: () => {
        sender.drop();
        if (this.#open.has(tunnelId)) this.#talk(tunnelId, 'StowageTunnelClose');
        this.#open.delete(tunnelId);
      },
    };
  }

  /** Takes what the machine says; what is not (or no longer) known is none of ours. */
  take(report: TunnelReport): void {
    const { tunnelId } = report.message;
    const open = this.#open.get(tunnelId);
    if (open === undefined) return;
    switch (report.type) {
      case 'StowageTunnelData':
        return open.listener.data(Buffer.from(report.message.data, 'base64'));
      case 'StowageTunnelCredit':
        return open.sender.credited(report.message.bytes);
      case 'StowageTunnelClosed': {
        const { tunnelId: _, ...ending } = report.message;
        return this.#over(tunnelId, open, ending);
      }
      default:
        return report satisfies never;
    }
  }

  /** The connection is lost. */
  close(): void {
    for (const [tunnelId, open] of this.#open) {
      this.#over(tunnelId, open, { error: 'the connection to the machine that runs the task was lost' });
    }
  }

  #over(tunnelId: string, { listener, sender }: Open, ending: Parameters<TunnelListener['closed']>[0]): void {
    sender.drop();
    this.#open.delete(tunnelId);
    listener.closed(ending);
  }

  #talk(tunnelId: string, type: 'StowageTunnelEnd' | 'StowageTunnelClose'): void {
    if (this.#open.has(tunnelId)) this.#send({ type, message: { tunnelId } });
  }
}
