import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { pipeline } from 'node:stream';

/**
 * A port on this machine's loopback that leads to the control plane. An engine pulls over plain HTTP from loopback alone, unless it
 * is configured otherwise; and the control plane sees a connection of this machine, which gives nobody any rights.
 */
export class Relay {
  readonly #target: { readonly host: string; readonly port: number };
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  constructor(control: string) {
    const { hostname, port } = new URL(control);
    this.#target = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port === '' ? 80 : port) };
  }

  /** Listens on `port`, any that is free when 0, and answers which it is. */
  async listen(port: number): Promise<number> {
    const server = createServer((socket) => this.carry(socket)).listen(port, '127.0.0.1');
    this.#server = server;
    await once(server, 'listening');
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : port;
  }

  /** Joins a connection with one to the control plane. */
  carry(socket: Socket): void {
    const onward = connect(this.#target);
    for (const each of [socket, onward]) {
      this.#sockets.add(each);
      each.on('close', () => this.#sockets.delete(each));
      each.setNoDelay(true);
    }
    // Either end's end is the other's; why it ended tells the one who asked.
    pipeline(socket, onward, () => {});
    pipeline(onward, socket, () => {});
  }

  close(): void {
    this.#server?.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
