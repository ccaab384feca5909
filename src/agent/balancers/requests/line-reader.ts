import type { BalancerDriver } from '../../../drivers/balancer/driver.ts';
import type { RequestSink } from './reporter.ts';

/** Reads what a balancer noted, for several readers: each knows how far it was taken, from whoever keeps what was made of it. */
export class LineReader<Name extends string> {
  readonly #driver: Pick<BalancerDriver, 'requests'>;
  readonly #sink: Pick<RequestSink, 'taken'>;
  readonly #loadBalancerArn: string;
  readonly #at = new Map<Name, number>();
  /** The file that the positions are of. */
  #source = '';

  constructor(
    deps: { readonly driver: Pick<BalancerDriver, 'requests'>; readonly sink: Pick<RequestSink, 'taken'> },
    loadBalancerArn: string,
    names: readonly Name[],
  ) {
    this.#driver = deps.driver;
    this.#sink = deps.sink;
    this.#loadBalancerArn = loadBalancerArn;
    for (const name of names) this.#at.set(name, 0);
  }

  /** Where a reader stands. */
  at(name: Name): number {
    return this.#at.get(name) ?? 0;
  }

  /** Says that what a reader has read was taken. */
  move(name: Name, to: number): void {
    this.#at.set(name, to);
  }

  /** The next lines of a reader, and where they end. In a file that was not read before, it stands where that was taken. */
  async read(name: Name): Promise<{ readonly lines: readonly string[]; readonly next: number }> {
    const found = await this.#driver.requests(this.#loadBalancerArn, this.at(name));
    if (found.source === this.#source) return found;
    this.#source = found.source;
    for (const each of this.#at.keys()) this.#at.set(each, await this.#sink.taken(this.sourceId(each)));
    return this.#driver.requests(this.#loadBalancerArn, this.at(name));
  }

  /** Under which is known how far a reader was taken. */
  sourceId(name: Name): string {
    return `${this.#loadBalancerArn} ${this.#source} ${name}`;
  }
}
