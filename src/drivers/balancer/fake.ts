import { connect, type Socket } from 'node:net';
import { DriverError } from '../../base/errors.ts';
import type { BalancerSpec } from '../../wire/balancer-spec.ts';
import type { BalancerDriver, Connections, FlowReport, RequestLines, Rotation, TargetRef } from './driver.ts';

/** A balancer driver that carries no traffic and remembers what it was told. Its probes connect directly. */
export class FakeBalancerDriver implements BalancerDriver {
  readonly #served = new Map<string, { spec: BalancerSpec; inRotation: Set<string> }>();
  /** Thrown by the next `apply`, once. */
  failNextApply: DriverError | undefined;
  /** The lines that `requests` tells of each balancer; a position is a number of them. */
  readonly noted = new Map<string, string[]>();
  /** The lines that are noted when a balancer ends. */
  readonly noteAtEnd = new Map<string, string[]>();
  /** The weights that targets were given, by `<id>:<port>`. */
  readonly weights = new Map<string, number>();
  /** Up to where lines were said to be needed no more. */
  readonly freed = new Map<string, number>();
  /** What `flows` tells of each balancer, by rising sequence. */
  readonly flowing = new Map<string, FlowReport[]>();
  /** Replaces the connection of `probe`. */
  onProbe: ((address: string, port: number, signal: AbortSignal) => Promise<Socket>) | undefined;

  apply(spec: BalancerSpec): Promise<void> {
    const failure = this.failNextApply;
    this.failNextApply = undefined;
    if (failure !== undefined) return Promise.reject(failure);
    const inRotation = this.#served.get(spec.loadBalancerArn)?.inRotation ?? new Set();
    const wanted = new Set(
      spec.targetGroups.flatMap((group) =>
        group.targets.filter((t) => !t.draining).map((t) => nameOf({ ...t, targetGroupArn: group.targetGroupArn })),
      ),
    );
    for (const name of inRotation) if (!wanted.has(name)) inRotation.delete(name);
    this.#served.set(spec.loadBalancerArn, { spec, inRotation });
    return Promise.resolve();
  }

  rotate(loadBalancerArn: string, target: TargetRef, rotation: Rotation): Promise<void> {
    const served = this.#served.get(loadBalancerArn);
    const group = served?.spec.targetGroups.find((each) => each.targetGroupArn === target.targetGroupArn);
    const known = group?.targets.some((each) => each.id === target.id && each.port === target.port) ?? false;
    if (served === undefined || !known) {
      return Promise.reject(new DriverError('gone', `${loadBalancerArn} has no target ${target.id}:${target.port}`));
    }
    if (rotation === 'in') served.inRotation.add(nameOf(target));
    else served.inRotation.delete(nameOf(target));
    return Promise.resolve();
  }

  weigh(_: string, { id, port }: TargetRef, percent: number): Promise<void> {
    this.weights.set(`${id}:${port}`, percent);
    return Promise.resolve();
  }

  specOf(loadBalancerArn: string): Promise<BalancerSpec | undefined> {
    return Promise.resolve(this.#served.get(loadBalancerArn)?.spec);
  }

  end(loadBalancerArn: string): Promise<void> {
    const last = this.noteAtEnd.get(loadBalancerArn) ?? [];
    this.noted.set(loadBalancerArn, [...(this.noted.get(loadBalancerArn) ?? []), ...last]);
    return Promise.resolve();
  }

  remove(loadBalancerArn: string): Promise<void> {
    this.#served.delete(loadBalancerArn);
    return Promise.resolve();
  }

  list(): Promise<string[]> {
    return Promise.resolve([...this.#served.keys()]);
  }

  probe(loadBalancerArn: string, address: string, port: number, signal: AbortSignal): Promise<Socket> {
    if (!this.#served.has(loadBalancerArn)) {
      return Promise.reject(new DriverError('gone', `${loadBalancerArn} is not served here`));
    }
    if (this.onProbe !== undefined) return this.onProbe(address, port, signal);
    const { promise, resolve, reject } = Promise.withResolvers<Socket>();
    const socket = connect({ host: address, port, signal });
    socket.once('connect', () => resolve(socket));
    socket.on('error', (error) => reject(new DriverError('retryable', error.message, { cause: error })));
    return promise;
  }

  requests(loadBalancerArn: string, from: number): Promise<RequestLines> {
    const lines = this.noted.get(loadBalancerArn) ?? [];
    return Promise.resolve({
      source: lines.length === 0 ? '' : 'fake',
      lines: lines.slice(from),
      next: Math.max(from, lines.length),
    });
  }

  freeRequests(loadBalancerArn: string, before: number): Promise<void> {
    this.freed.set(loadBalancerArn, before);
    return Promise.resolve();
  }

  connections(): Promise<Connections> {
    return Promise.resolve({ active: 0, opened: 0, tlsErrors: [], targetTlsErrors: 0 });
  }

  flows(loadBalancerArn: string, told: number): Promise<FlowReport | undefined> {
    return Promise.resolve(this.flowing.get(loadBalancerArn)?.find(({ sequence }) => sequence > told));
  }

  async reach(loadBalancerArn: string, address: string, port: number, signal: AbortSignal): Promise<void> {
    (await this.probe(loadBalancerArn, address, port, signal)).destroy();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** The targets in rotation, as `<id>:<port>`, of one group or of all. */
  inRotation(loadBalancerArn: string, targetGroupArn?: string): string[] {
    const names = [...(this.#served.get(loadBalancerArn)?.inRotation ?? [])];
    return names
      .filter((name) => targetGroupArn === undefined || name.startsWith(`${targetGroupArn} `))
      .map((name) => name.slice(name.lastIndexOf(' ') + 1))
      .toSorted();
  }
}

function nameOf({ targetGroupArn, id, port }: TargetRef): string {
  return `${targetGroupArn} ${id}:${port}`;
}
