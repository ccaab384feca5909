/** The whole desired state of one load balancer on one machine: what the fleet tells the agent and the balancer driver realises. */
export interface BalancerSpec {
  readonly loadBalancerArn: string;
  readonly name: string;
  readonly type: 'application' | 'network' | 'classic';
  readonly vpcId: string;
  /** Its private addresses, one per subnet; the driver binds each listener on all of them, inside the VPC. */
  readonly addresses: readonly string[];
  /** The zone of each address. */
  readonly zones?: Readonly<Record<string, string>>;
  /** The public addresses that the private ones are known by, of one that faces the internet. */
  readonly publicAddresses?: Readonly<Record<string, string>>;
  /** ELB's attribute keys, with every default filled in: `idle_timeout.timeout_seconds`, `routing.http.…`. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly listeners: readonly ListenerSpec[];
  readonly targetGroups: readonly TargetGroupSpec[];
}

export interface ListenerSpec {
  readonly listenerArn: string;
  readonly protocol: 'HTTP' | 'HTTPS' | 'TCP' | 'TLS' | 'UDP' | 'TCP_UDP';
  readonly port: number;
  /** Of HTTPS and TLS listeners. */
  readonly tls?: TlsSpec;
  /** ELB's listener attributes, with every default filled in: `routing.http.response.…`. */
  readonly attributes: Readonly<Record<string, string>>;
  /** By ascending priority; the last is the default rule, without conditions. */
  readonly rules: readonly RuleSpec[];
}

/** How a listener negotiates, and what it shows. */
export interface TlsSpec {
  /** Rising. */
  readonly protocols: readonly string[];
  /** By OpenSSL's names, the preferred first, those of TLS 1.3 among them. */
  readonly ciphers: readonly string[];
  /** The groups in which keys are agreed on, by OpenSSL's names; all that it takes unless given. */
  readonly groups?: readonly string[];
  /** Whether the client's order of ciphers counts, and not this one. */
  readonly clientOrder?: true;
  /** Certificate, chain and private key as one text of PEM each; the first serves whoever names no host of another. */
  readonly certificates: readonly string[];
  /** Whose they are, in the same order, with the SHA-1 of each in hexadecimal capitals. */
  readonly shown?: readonly { readonly certificateArn: string; readonly sha1: string }[];
  /** Which protocols of the application a TLS listener agrees on; none unless given. */
  readonly alpnPolicy?: 'HTTP1Only' | 'HTTP2Only' | 'HTTP2Optional' | 'HTTP2Preferred' | 'None';
}

export interface RuleSpec {
  readonly ruleArn: string;
  /** Absent of the default rule. */
  readonly priority?: number;
  readonly conditions: readonly ConditionSpec[];
  readonly action: ActionSpec;
  /** How what is forwarded is rewritten. */
  readonly transforms?: TransformsSpec;
}

/** A pattern and what takes the place of the first part that matches it, with `$1` to `$9` for its groups. */
export interface RewriteSpec {
  readonly regex: string;
  readonly replace: string;
}

export interface TransformsSpec {
  readonly host?: RewriteSpec;
  /** Of path and query. */
  readonly url?: RewriteSpec;
}

/** How a rule shares what it forwards. */
export interface RuleShares {
  readonly ruleArn: string;
  readonly targetGroups: readonly { readonly targetGroupArn: string; readonly weight: number }[];
}

/** Of every rule of a load balancer that forwards to several target groups. */
export function sharesOf({ listeners }: BalancerSpec): RuleShares[] {
  return listeners
    .flatMap(({ rules }) => rules)
    .flatMap(({ ruleArn, action }) =>
      action.type === 'forward' && action.targetGroups.length > 1
        ? [{ ruleArn, targetGroups: action.targetGroups }]
        : [],
    );
}

/** One of the values, or of the regular expressions, has to match. */
export type ConditionSpec =
  | { readonly field: 'path-pattern'; readonly values: readonly string[]; readonly regexes?: readonly string[] }
  | { readonly field: 'host-header'; readonly values: readonly string[]; readonly regexes?: readonly string[] }
  | {
      readonly field: 'http-header';
      readonly name: string;
      readonly values: readonly string[];
      readonly regexes?: readonly string[];
    }
  | { readonly field: 'http-request-method'; readonly values: readonly string[] }
  | { readonly field: 'query-string'; readonly values: readonly { readonly key?: string; readonly value: string }[] }
  | { readonly field: 'source-ip'; readonly values: readonly string[] };

export type ActionSpec =
  | {
      readonly type: 'forward';
      readonly targetGroups: readonly { readonly targetGroupArn: string; readonly weight: number }[];
      readonly stickinessSeconds?: number;
    }
  | {
      readonly type: 'redirect';
      readonly statusCode: 301 | 302;
      readonly protocol: string;
      readonly host: string;
      readonly port: string;
      readonly path: string;
      readonly query: string;
    }
  | {
      readonly type: 'fixed-response';
      readonly statusCode: number;
      readonly contentType: string;
      readonly body: string;
    };

export interface HealthCheckSpec {
  readonly enabled: boolean;
  readonly protocol: 'HTTP' | 'HTTPS' | 'TCP' | 'TLS';
  /** Of a Classic Load Balancer: a new target takes the healthy threshold as any other does, not one success. */
  readonly classic?: true;
  /** What is spoken, over TLS or not; HTTP1 unless given. */
  readonly protocolVersion?: 'HTTP1' | 'HTTP2' | 'GRPC';
  readonly port: string;
  readonly path: string;
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
  /** Codes of HTTP or, in a group of version GRPC, of gRPC. */
  readonly matcher: string;
}

export interface TargetGroupSpec {
  readonly targetGroupArn: string;
  readonly name: string;
  readonly protocol: 'HTTP' | 'HTTPS' | 'TCP' | 'TLS' | 'UDP' | 'TCP_UDP';
  /** What targets are spoken to in; HTTP1 unless given. */
  readonly protocolVersion?: 'HTTP1' | 'HTTP2' | 'GRPC';
  readonly attributes: Readonly<Record<string, string>>;
  readonly healthCheck: HealthCheckSpec;
  /** The load balancer's zones, where each of its addresses sends only to the targets of its own; absent where all send to all. */
  readonly zones?: readonly string[];
  readonly targets: readonly TargetSpec[];
  /** Of a Classic Load Balancer: how each listener goes on to the targets, whose own port says nothing then. */
  readonly ways?: readonly WaySpec[];
}

/** How a listener of a Classic Load Balancer goes on to instances. */
export interface WaySpec {
  readonly listenerPort: number;
  readonly protocol: 'HTTP' | 'HTTPS' | 'TCP' | 'TLS';
  readonly port: number;
  /** Whether instances are told who the client is ("The PROXY protocol", version 1). */
  readonly proxyProtocol?: true;
  readonly stickiness?:
    | { readonly by: 'duration'; readonly seconds?: number }
    | { readonly by: 'application'; readonly cookie: string };
}

export interface TargetSpec {
  /** The target's id as registered (an address, or an instance id). */
  readonly id: string;
  readonly address: string;
  readonly port: number;
  /** Absent where it is in all of them, as an application load balancer is, or in none that is known. */
  readonly zone?: string;
  /** When it was registered, epoch milliseconds: one that was deregistered and registered again is checked afresh. */
  readonly registeredAt: number;
  /** A draining target takes no new requests and keeps those it has. */
  readonly draining: boolean;
  /** The last health the control plane was told, so that a restarted agent need not start over. */
  readonly lastHealth: 'initial' | 'healthy' | 'unhealthy' | 'unused' | 'draining' | 'unavailable';
}
