import { once } from 'node:events';
import type { Socket as Datagrams } from 'node:dgram';
import type { Server, Socket } from 'node:net';
import {
  AUTHORITATIVE_ANSWER,
  decode,
  encode,
  RECURSION_AVAILABLE,
  RECURSION_DESIRED,
  TRUNCATED_RESPONSE,
} from 'dns-packet';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { resolverAddress, type NetworkDriver } from '../../drivers/network/driver.ts';
import type { VpcSpec } from '../../wire/network-spec.ts';
import type { VpcListeners } from '../networks/networks.ts';
import { ownAnswer } from './answer.ts';
import { tcpFrame, tcpMessages, type Upstream } from './upstream.ts';

export interface ResolverDeps {
  readonly network: NetworkDriver;
  readonly upstream: Upstream;
  readonly log: Log;
}

interface Horizon {
  spec: VpcSpec;
  readonly udp: Datagrams;
  readonly tcp: Server;
  readonly sockets: Set<Socket>;
}

/** The resolver at 169.254.169.253:53 in every VPC: its own names first, the host's resolvers for the rest. */
export function createResolver(deps: ResolverDeps): VpcListeners {
  const horizons = new Map<string, Horizon>();
  return {
    async open(spec) {
      const known = horizons.get(spec.vpcId);
      if (known !== undefined) {
        known.spec = spec;
        return;
      }
      const udp = await deps.network.bindUdp(spec.vpcId, resolverAddress, 53);
      const tcp = await deps.network.listenTcp(spec.vpcId, resolverAddress, 53);
      const horizon: Horizon = { spec, udp, tcp, sockets: new Set() };
      horizons.set(spec.vpcId, horizon);
      udp.on('error', (error) => deps.log.warn('resolver', { vpc: spec.vpcId, error: error.message }));
      udp.on('message', (query, from) => {
        void resolve(deps, horizon.spec, query, 'udp').then((answer) => {
          if (answer !== undefined && horizons.get(spec.vpcId) === horizon) udp.send(answer, from.port, from.address);
        });
      });
      tcp.on('connection', (socket) => {
        horizon.sockets.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => horizon.sockets.delete(socket));
        const read = tcpMessages((query) => {
          void resolve(deps, horizon.spec, query, 'tcp').then((answer) => {
            if (answer !== undefined && !socket.destroyed) socket.write(tcpFrame(answer));
          });
        });
        socket.on('data', read);
      });
    },
    async close(vpcId) {
      const horizon = horizons.get(vpcId);
      if (horizon === undefined) return;
      horizons.delete(vpcId);
      const closed = Promise.all([once(horizon.udp, 'close'), once(horizon.tcp, 'close')]);
      horizon.udp.close();
      horizon.tcp.close();
      for (const socket of horizon.sockets) socket.destroy();
      await closed;
    },
  };
}

/** Response codes (RFC 1035, 4.1.1). */
const serverFailure = 2;

/** Answers one message; `undefined` for what is no query. */
export async function resolve(
  deps: Pick<ResolverDeps, 'upstream' | 'log'>,
  spec: VpcSpec,
  query: Uint8Array,
  transport: 'udp' | 'tcp',
): Promise<Uint8Array | undefined> {
  let message;
  try {
    message = decode(Buffer.from(query));
  } catch {
    return undefined;
  }
  const [question] = message.questions ?? [];
  if (message.type !== 'query' || question === undefined) return undefined;
  const desired = (message.flags ?? 0) & RECURSION_DESIRED;
  const base = { type: 'response' as const, id: message.id ?? 0, questions: [question] };
  const own = ownAnswer(spec, question);
  if (own.kind === 'records') {
    const flags = AUTHORITATIVE_ANSWER | RECURSION_AVAILABLE | desired;
    const answers = own.records.map((record) => ({ ...record, class: 'IN' as const }));
    const whole = encode({ ...base, flags, answers });
    // What does not fit is asked again over TCP (RFC 1035, 4.2.1; RFC 6891 for larger datagrams).
    const edns = message.additionals?.find((each) => each.type === 'OPT');
    const limit = transport === 'tcp' ? 65_535 : Math.max(512, edns?.udpPayloadSize ?? 512);
    return whole.length <= limit ? whole : encode({ ...base, flags: flags | TRUNCATED_RESPONSE });
  }
  try {
    return await deps.upstream[transport](query);
  } catch (error) {
    deps.log.debug('upstream resolver', { name: question.name, error: messageOf(error) });
    return encode({ ...base, flags: RECURSION_AVAILABLE | desired | serverFailure });
  }
}
