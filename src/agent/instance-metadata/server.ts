import { once } from 'node:events';
import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http';
import type { Server } from 'node:net';
import type { Clock } from '../../base/clock.ts';
import { createServer } from '../../base/http.ts';
import { firstBridgePort, instanceMetadataAddress, type NetworkDriver } from '../../drivers/network/driver.ts';
import type { InstanceMetadataSpec } from '../../wire/instance-metadata.ts';
import type { Asker } from '../metadata/lookup.ts';
import { Throttle } from '../metadata/throttle.ts';
import type { VpcListeners } from '../networks/networks.ts';
import { answerInstance } from './answer.ts';

export interface InstanceMetadataDeps {
  readonly network: NetworkDriver;
  readonly clock: Clock;
  /** The service of the instance that speaks from an address, itself or by a task with an interface of its own. */
  readonly serviceOf: (asker: Asker) => InstanceMetadataSpec | undefined;
}

/** EC2 throttles each interface ("Query throttling", EC2 User Guide), at a rate that it does not tell. */
const requestRate = { perSecond: 100, burst: 500 };
/** How long somebody is left waiting for an answer that does not arrive. */
const silenceMs = 60_000;

/** What instances find at 169.254.169.254, in the VPCs where there are some. */
export function createInstanceMetadata(deps: InstanceMetadataDeps): VpcListeners {
  const { network, clock, serviceOf } = deps;
  const open = new Map<string, { readonly listener: Server; readonly http: HttpServer }>();
  const throttle = new Throttle(requestRate, clock);

  const answer = (vpcId: string, request: IncomingMessage, response: ServerResponse): void => {
    request.resume();
    const { remotePort = 0, remoteAddress = '' } = request.socket;
    const address = remoteAddress.replace(/^::ffff:/, '');
    const spec = serviceOf({ vpcId, address });
    // Its network stands already or still, and it does not.
    if (spec === undefined) return void request.socket.destroy();
    const answered = throttle.take(`${vpcId} ${address}`)
      ? answerInstance(
          spec,
          {
            method: request.method ?? 'GET',
            path: new URL(request.url ?? '/', 'http://instance').pathname,
            headers: request.headers,
            hops: remotePort >= firstBridgePort ? 2 : 1,
          },
          clock.now(),
        )
      : { status: 503, body: '' };
    if (answered === undefined) {
      const cancel = clock.after(silenceMs, () => request.socket.destroy());
      request.socket.once('close', cancel);
      return undefined;
    }
    const { status, body, headers } = answered;
    response.writeHead(status, {
      'Content-Type': 'text/plain',
      'Content-Length': Buffer.byteLength(body),
      Server: 'EC2ws',
      // One request, one answer: the hops of the next one's may be others.
      Connection: 'close',
      ...headers,
    });
    response.end(request.method === 'HEAD' ? undefined : body);
    return undefined;
  };

  const close = async (vpcId: string): Promise<void> => {
    const found = open.get(vpcId);
    if (found === undefined) return;
    open.delete(vpcId);
    const closed = once(found.listener, 'close');
    found.listener.close();
    found.http.closeAllConnections();
    await closed;
  };

  return {
    async open({ vpcId, interfaces }) {
      const wanted = interfaces.some(({ instanceMetadata }) => instanceMetadata === true);
      if (!wanted) return close(vpcId);
      if (open.has(vpcId)) return undefined;
      const http = createServer((request, response) => answer(vpcId, request, response));
      const listener = await network.listenTcp(vpcId, instanceMetadataAddress, 80);
      listener.on('connection', (socket) => http.emit('connection', socket));
      open.set(vpcId, { listener, http });
      return undefined;
    },
    close,
  };
}
