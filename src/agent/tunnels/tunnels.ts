import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { DockerDriver } from '../../drivers/docker/driver.ts';
import type { NetworkDriver } from '../../drivers/network/driver.ts';
import { TunnelReceiver, TunnelSender, type TunnelReport, type TunnelRequest } from '../../wire/tunnel.ts';
import { hasExecAgent, type TaskView } from '../tasks/view.ts';
import { openEnd } from './open.ts';
import type { TunnelEnd, TunnelEnding } from './tunnel.ts';

/** What tunnels are made from. */
export interface TunnelsDeps {
  readonly docker: DockerDriver;
  readonly network: NetworkDriver;
  readonly log: Log;
  readonly send: (message: TunnelReport) => void;
  readonly tasks: () => readonly TaskView[];
}

interface Tunnel {
  readonly end: Promise<TunnelEnd>;
  readonly sender: TunnelSender;
  readonly receiver: TunnelReceiver;
  /** What came is written in order. */
  writing: Promise<void>;
  /** Nobody hears of it any more. */
  closed: boolean;
}

/** How many tunnels one machine carries at a time. */
const maxTunnels = 1_000;

/** The tunnels into the tasks of this machine. They end with the connection to the control plane, and all that runs in them. */
export class Tunnels {
  readonly #deps: TunnelsDeps;
  readonly #open = new Map<string, Tunnel>();
  /** What is being ended. */
  readonly #ending = new Set<Promise<void>>();

  constructor(deps: TunnelsDeps) {
    this.#deps = deps;
  }

  /** Takes what the control plane says of tunnels. */
  take(request: TunnelRequest): void {
    const { tunnelId } = request.message;
    if (request.type === 'StowageTunnelOpen') return this.#begin(request.message);
    const tunnel = this.#open.get(tunnelId);
    // It ended by itself while this was on its way.
    if (tunnel === undefined) return undefined;
    switch (request.type) {
      case 'StowageTunnelData': {
        const data = Buffer.from(request.message.data, 'base64');
        return this.#write(tunnel, async (end) => {
          await end.write(data);
          tunnel.receiver.passedOn(data.length);
        });
      }
      case 'StowageTunnelEnd':
        return this.#write(tunnel, (end) => end.end());
      case 'StowageTunnelResize': {
        const { columns, rows } = request.message;
        return this.#write(tunnel, (end) => end.resize(columns, rows));
      }
      case 'StowageTunnelCredit':
        return tunnel.sender.credited(request.message.bytes);
      case 'StowageTunnelClose':
        return this.#close(tunnelId, tunnel);
      default:
        return request satisfies never;
    }
  }

  /** The connection to the control plane is lost: nobody is at the other ends any more. */
  disconnected(): void {
    for (const [tunnelId, tunnel] of this.#open) this.#close(tunnelId, tunnel);
  }

  /** Ends what a predecessor's tunnels left in these tasks: a program in a terminal outlives whoever opened it. */
  async endAbandoned(tasks: readonly TaskView[]): Promise<void> {
    const ids = tasks
      .flatMap(({ containers }) => containers)
      .filter(({ spec, phase }) => phase === 'running' && hasExecAgent(spec))
      .map(({ id = '' }) => id);
    const ended = await Promise.all(ids.map((id) => this.#deps.docker.endAbandonedExecs(id).catch(() => 0)));
    const count = ended.reduce((sum, one) => sum + one, 0);
    if (count > 0) this.#deps.log.info('ended what sessions had left', { programs: count });
  }

  /** Ends all tunnels; resolves once nothing runs in any. */
  async close(): Promise<void> {
    this.disconnected();
    await Promise.all(this.#ending);
  }

  #begin({ tunnelId, taskArn, to }: Extract<TunnelRequest, { type: 'StowageTunnelOpen' }>['message']): void {
    const { send } = this.#deps;
    const task = this.#deps.tasks().find(({ payload }) => payload.arn === taskArn);
    const refuse = (error: string): void => send({ type: 'StowageTunnelClosed', message: { tunnelId, error } });
    if (task === undefined) return refuse('the task does not run');
    if (this.#open.size >= maxTunnels) return refuse('this machine carries as many sessions as it can');
    const tunnel: Tunnel = {
      end: openEnd(this.#deps, task, to),
      sender: new TunnelSender((data) => send({ type: 'StowageTunnelData', message: { tunnelId, data } })),
      receiver: new TunnelReceiver((bytes) => send({ type: 'StowageTunnelCredit', message: { tunnelId, bytes } })),
      writing: Promise.resolve(),
      closed: false,
    };
    this.#open.set(tunnelId, tunnel);
    void this.#carry(tunnelId, tunnel);
    return undefined;
  }

  /** Passes on what comes out, and tells how it ended. */
  async #carry(tunnelId: string, tunnel: Tunnel): Promise<void> {
    let ending: TunnelEnding;
    try {
      const end = await tunnel.end;
      // After `close` the rest is read all the same: an end that nobody reads holds its program up.
      for await (const data of end.output) await tunnel.sender.write(data);
      ending = await end.ended();
    } catch (error) {
      ending = { error: messageOf(error) };
    }
    this.#open.delete(tunnelId);
    if (!tunnel.closed) this.#deps.send({ type: 'StowageTunnelClosed', message: { tunnelId, ...ending } });
    tunnel.closed = true;
  }

  #write(tunnel: Tunnel, write: (end: TunnelEnd) => void | Promise<void>): void {
    tunnel.writing = tunnel.writing
      .then(async () => write(await tunnel.end))
      // It could not be opened, which was told, or ended before it could be resized.
      .catch(() => {});
  }

  #close(tunnelId: string, tunnel: Tunnel): void {
    tunnel.closed = true;
    tunnel.sender.drop();
    this.#open.delete(tunnelId);
    const ending = tunnel.end
      .then((end) => end.terminate())
      .catch((error: unknown) => this.#deps.log.debug('a session was not ended', { error: messageOf(error) }))
      .finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }
}
