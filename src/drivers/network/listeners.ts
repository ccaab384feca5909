import { createSocket, type Socket } from 'node:dgram';
import { createServer, type Server } from 'node:net';

/** A socket that a VPC's namespace holds, behind the one that was given out. */
interface Listener {
  readonly vpcId: string;
  /** Closes what is open and opens it again, in the namespace as it is now. */
  open(): Promise<void>;
  close(): void;
}

/**
 * The sockets opened inside VPCs. What callers hold only passes on what arrives at the real ones, so that these can be
 * opened anew when a namespace was, and nobody needs to know.
 */
export class Listeners {
  readonly #open = new Set<Listener>();

  /** A server that takes the connections of whatever `listen` opens. */
  async tcp(vpcId: string, listen: () => Promise<Server>): Promise<Server> {
    const outer = createServer();
    let inner: Server | undefined;
    outer.address = () => inner?.address() ?? null;
    const listener = this.#add({
      vpcId,
      async open() {
        inner?.close();
        inner = await listen();
        // One that nobody takes would stay open for ever, and nobody would know of it.
        inner.on('connection', (socket) => outer.emit('connection', socket) || socket.destroy());
        inner.on('error', (error) => outer.emit('error', error));
      },
      close: () => inner?.close(),
    });
    return this.#started(listener, outer);
  }

  /** A datagram socket that receives from, and sends by, whatever `bind` opens. */
  async udp(vpcId: string, bind: () => Promise<Socket>): Promise<Socket> {
    const outer = createSocket('udp4');
    let inner: Socket | undefined;
    const unbound = outer.address.bind(outer);
    outer.address = () => (inner === undefined ? unbound() : inner.address());
    outer.send = ((...args: Parameters<Socket['send']>) => inner?.send(...args)) as Socket['send'];
    const listener = this.#add({
      vpcId,
      async open() {
        inner?.close();
        inner = undefined;
        inner = await bind();
        inner.on('message', (data, from) => outer.emit('message', data, from));
        inner.on('error', (error) => outer.emit('error', error));
      },
      close: () => inner?.close(),
    });
    return this.#started(listener, outer);
  }

  /** Opens a VPC's sockets again. */
  async reopen(vpcId: string): Promise<void> {
    await Promise.all([...this.#open].filter((each) => each.vpcId === vpcId).map((each) => each.open()));
  }

  /** Closes the sockets of a VPC, or all. */
  close(vpcId?: string): void {
    for (const each of this.#open) {
      if (vpcId !== undefined && each.vpcId !== vpcId) continue;
      this.#open.delete(each);
      each.close();
    }
  }

  #add(listener: Listener): Listener {
    this.#open.add(listener);
    return listener;
  }

  async #started<Outer extends Server | Socket>(listener: Listener, outer: Outer): Promise<Outer> {
    try {
      await listener.open();
    } catch (error) {
      this.#open.delete(listener);
      throw error;
    }
    outer.once('close', () => {
      if (this.#open.delete(listener)) listener.close();
    });
    return outer;
  }
}
