import { once } from 'node:events';
import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http';
import type { Server, Socket } from 'node:net';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { createServer } from '../../base/http.ts';
import type { Log } from '../../base/log.ts';
import type { DockerDriver } from '../../drivers/docker/driver.ts';
import { apiPort, metadataAddress, type NetworkDriver } from '../../drivers/network/driver.ts';
import type { VpcSpec } from '../../wire/network-spec.ts';
import type { TimeSource } from '../../drivers/time/time-source.ts';
import type { AwsClient } from '../aws/client.ts';
import type { VpcListeners } from '../networks/networks.ts';
import type { TaskStorage } from '../storage/storage.ts';
import type { TaskView } from '../tasks/view.ts';
import { json, type Answer } from './answer.ts';
import { placeOf } from './lookup.ts';
import { answerRequests, type TaskRequest } from './requests.ts';
import { Stats } from './stats.ts';

export interface MetadataDeps {
  readonly network: NetworkDriver;
  readonly docker: DockerDriver;
  readonly clock: Clock;
  readonly log: Log;
  readonly installationId: string;
  readonly tasks: () => readonly TaskView[];
  readonly aws: AwsClient;
  readonly storage: Pick<TaskStorage, 'of'>;
  readonly timeSource?: TimeSource;
  /** Takes a connection to the AWS APIs. */
  readonly serveApi: (connection: Socket) => void;
}

interface Open {
  spec: VpcSpec;
  readonly listeners: readonly Server[];
  readonly http: HttpServer;
  /** Connections to the AWS APIs. */
  readonly connections: Set<Socket>;
}

/** No request to these endpoints is longer: the agent's own are a few hundred bytes. */
const longestBody = 64 * 1024;

/**
 * What programs in a VPC find at 169.254.170.2: on port 80 the task metadata endpoint, credentials and the agent's own API; on
 * another port the AWS APIs, which are the control plane's. Who asks is known by the address it asks from, and by what it
 * knows of itself.
 */
export function createMetadata(deps: MetadataDeps): VpcListeners {
  const { network, serveApi } = deps;
  const open = new Map<string, Open>();
  const answer = answerRequests({
    ...deps,
    stats: new Stats(deps),
    zoneOf(task) {
      const place = placeOf(task);
      const spec = place && open.get(place.vpcId)?.spec;
      const own = spec?.interfaces.find((each) => each.interfaceId === place?.interfaceId);
      return spec?.subnets.find(({ subnetId }) => subnetId === own?.subnetId)?.availabilityZone;
    },
  });
  return {
    async open(spec) {
      const { vpcId } = spec;
      const known = open.get(vpcId);
      if (known !== undefined) {
        known.spec = spec;
        return;
      }
      const http = createServer((request, response) => {
        serve(vpcId, request, answer).then(
          (given) => send(response, given),
          (error: unknown) => {
            deps.log.warn('a request of a task failed', { url: request.url, error: messageOf(error) });
            send(response, json(500, 'internal server error'));
          },
        );
      });
      // Whoever asks while the second is being opened is served by the first.
      const metadata = await network.listenTcp(vpcId, metadataAddress, 80);
      metadata.on('connection', (socket) => http.emit('connection', socket));
      const connections = new Set<Socket>();
      const apis = await network.listenTcp(vpcId, metadataAddress, apiPort);
      apis.on('connection', (socket) => {
        connections.add(socket);
        socket.once('close', () => connections.delete(socket));
        serveApi(socket);
      });
      open.set(vpcId, { spec, listeners: [metadata, apis], http, connections });
    },
    async close(vpcId) {
      const found = open.get(vpcId);
      if (found === undefined) return;
      open.delete(vpcId);
      const closed = found.listeners.map((listener) => once(listener, 'close'));
      for (const listener of found.listeners) listener.close();
      found.http.closeAllConnections();
      for (const socket of found.connections) socket.destroy();
      await Promise.all(closed);
    },
  };
}

async function serve(
  vpcId: string,
  request: IncomingMessage,
  answer: (request: TaskRequest) => Promise<Answer>,
): Promise<Answer> {
  const address = request.socket.remoteAddress?.replace(/^::ffff:/, '') ?? '';
  const url = new URL(request.url ?? '/', 'http://task');
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) {
    body += chunk as string;
    if (body.length > longestBody) return json(413, 'request body too large');
  }
  return answer({
    asker: { vpcId, address },
    method: request.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    body,
  });
}

function send(response: ServerResponse, { status, body, text = false }: Answer): void {
  const content = text ? String(body) : JSON.stringify(body);
  response.writeHead(status, {
    'content-type': text ? 'text/plain; charset=utf-8' : 'application/json',
    'content-length': Buffer.byteLength(content),
  });
  response.end(content);
}
