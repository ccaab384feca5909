import type { Socket } from 'node:net';
import type { BalancerSpec } from '../../wire/balancer-spec.ts';
import type { FlowFigures } from './figures.ts';

/** Whether a target takes new requests: the checker and the fail-open rule decide, the driver obeys. */
export type Rotation = 'in' | 'out';

/** The connections of a balancer, those of clients and those to targets. */
export interface Connections {
  /** Open now. */
  readonly active: number;
  /** Made since this was asked last, or since this process serves the balancer. */
  readonly opened: number;
  /** TLS that could not be agreed on since then: with clients, at each address. */
  readonly tlsErrors: readonly { readonly address: string; readonly count: number }[];
  /** And with targets. */
  readonly targetTlsErrors: number;
}

/** What flows of a network load balancer made. */
export interface FlowReport {
  /** Higher than the one before; the same for the same figures. */
  readonly sequence: number;
  readonly figures: readonly FlowFigures[];
  /** How many are open now. */
  readonly active: readonly (Pick<FlowFigures, 'address' | 'protocol' | 'port'> & { readonly flows: number })[];
}

/** What a balancer noted of requests that are over, a line each. */
export interface RequestLines {
  /** Changes when the positions begin anew; empty where nothing was noted yet. */
  readonly source: string;
  readonly lines: readonly string[];
  /** The position after the last of them. */
  readonly next: number;
}

/** Addresses one target of one group. */
export interface TargetRef {
  readonly targetGroupArn: string;
  readonly id: string;
  readonly port: number;
}

/**
 * Carries the traffic of load balancers on this machine. Every call is idempotent; balancers go on serving when this
 * process dies, and are found again. Failures are `DriverError`s.
 */
export interface BalancerDriver {
  /**
   * Makes the balancer as `spec` says, losing no request: targets change at run time, listeners, rules and groups by one
   * reload at a time. New targets start out of rotation.
   */
  apply(spec: BalancerSpec): Promise<void>;
  /** Takes a target in or out of rotation; established requests finish either way. An unknown target is `gone`. */
  rotate(loadBalancerArn: string, target: TargetRef, rotation: Rotation): Promise<void>;
  /**
   * Gives a target of a group that draws by weight so many hundredths of the share of others, 1 to 100; until the next change of listeners, rules
   * or groups, which gives all alike. An unknown target is `gone`.
   */
  weigh(loadBalancerArn: string, target: TargetRef, percent: number): Promise<void>;
  /** What a balancer that is on this machine was made as last, without private keys; `undefined` where it is not known. */
  specOf(loadBalancerArn: string): Promise<BalancerSpec | undefined>;
  /** Ends all that a balancer is about: it serves no more, and whatever it was asked is noted. What was noted can be read until `remove`. */
  end(loadBalancerArn: string): Promise<void>;
  /** Removes the balancer; one that does not exist is fine. */
  remove(loadBalancerArn: string): Promise<void>;
  /** The balancers that serve on this machine, of this installation only. */
  list(): Promise<string[]>;
  /**
   * Opens one connection to a target as the balancer would (from its address, inside its VPC, through the target's
   * security groups), for a health check. Where the balancer's own process connects on our behalf, a target that cannot be reached
   * shows as a socket that closes without a byte; otherwise this rejects.
   */
  probe(loadBalancerArn: string, address: string, port: number, signal: AbortSignal): Promise<Socket>;
  /** Some lines from a position on, 0 the first; no lines once all were read. */
  requests(loadBalancerArn: string, from: number): Promise<RequestLines>;
  /** Says that the lines before a position are not needed any more. */
  freeRequests(loadBalancerArn: string, before: number): Promise<void>;
  /** Connections that were open and made; none of a balancer that is not served here. */
  connections(loadBalancerArn: string): Promise<Connections>;
  /**
   * What the flows of a network load balancer made since those figures whose sequence is `told`, 0 in the beginning; `undefined` where nothing
   * counts them.
   */
  flows(loadBalancerArn: string, told: number): Promise<FlowReport | undefined>;
  /**
   * Connects to a target as `probe` does, and closes the connection again without a word: for a health check that asks for no more.
   * Rejects where the target does not accept it.
   */
  reach(loadBalancerArn: string, address: string, port: number, signal: AbortSignal): Promise<void>;
  /** Frees what this process holds, leaving the balancers serving. */
  close(): Promise<void>;
}
