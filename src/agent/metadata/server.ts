import { once } from 'node:events';
import type { IncomingMessage, Server as HttpServer } from 'node:http';
import type { Server } from 'node:net';
import { createServer } from '../../base/http.ts';
import { metadataAddress, type NetworkDriver } from '../../drivers/network/driver.ts';
import type { VpcSpec } from '../../wire/network-spec.ts';
import type { VpcListeners } from '../networks/networks.ts';
import type { TaskView } from '../tasks/view.ts';
import { containerDocument, findContainer, taskDocument } from './document.ts';

export interface MetadataDeps {
  readonly network: NetworkDriver;
  readonly installationId: string;
  readonly tasks: () => readonly TaskView[];
}

/** What an answer is made of. */
interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/**
 * The task metadata endpoint, version 4, and the credentials endpoint, at 169.254.170.2:80 in every VPC. Who asks is known by
 * the address it asks from: a task learns of itself only.
 */
export function createMetadata(deps: MetadataDeps): VpcListeners {
  const open = new Map<string, { listener: Server; http: HttpServer }>();
  return {
    async open({ vpcId }: VpcSpec) {
      if (open.has(vpcId)) return;
      const listener = await deps.network.listenTcp(vpcId, metadataAddress, 80);
      const http = createServer((request, response) => {
        const { status, body } = answer(deps, vpcId, request);
        const text = JSON.stringify(body);
        response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
        response.end(text);
      });
      listener.on('connection', (socket) => http.emit('connection', socket));
      open.set(vpcId, { listener, http });
    },
    async close(vpcId) {
      const found = open.get(vpcId);
      if (found === undefined) return;
      open.delete(vpcId);
      const closed = once(found.listener, 'close');
      found.listener.close();
      found.http.closeAllConnections();
      await closed;
    },
  };
}

function answer(deps: MetadataDeps, vpcId: string, request: IncomingMessage): Answer {
  const from = request.socket.remoteAddress?.replace(/^::ffff:/, '');
  const own = deps
    .tasks()
    .filter(
      (task) =>
        task.vpcId === vpcId &&
        task.payload.elasticNetworkInterfaces.some((eni) =>
          eni.ipv4Addresses.some(({ privateAddress }) => privateAddress === from),
        ),
    );
  const path = (request.url ?? '').replace(/\?.*$/, '').replace(/\/$/, '');
  const credentials = /^\/v2\/credentials\/([^/]+)$/.exec(path)?.[1];
  if (credentials !== undefined) return credentialsAnswer(own, credentials);
  const [, id, rest = ''] = /^\/v4\/([^/]+)(\/.*)?$/.exec(path) ?? [];
  const found = id === undefined ? undefined : findContainer(deps.installationId, own, id);
  if (found === undefined) {
    return {
      status: 404,
      body: `V4 metadata handler: unable to find a container for ${path} asked from ${from ?? ''}`,
    };
  }
  if (rest === '') return { status: 200, body: containerDocument(deps.installationId, found.task, found.container) };
  if (rest === '/task') return { status: 200, body: taskDocument(deps.installationId, found.task) };
  return { status: 404, body: `V4 metadata handler: ${rest} is not served` };
}

/** "Task IAM role", ECS Developer Guide: the shape that every SDK's container provider reads. */
function credentialsAnswer(own: readonly TaskView[], id: string): Answer {
  const found = own
    .flatMap(({ payload }) => [payload.roleCredentials, payload.executionRoleCredentials])
    .find((each) => each?.credentialsId === id);
  if (found === undefined) {
    return {
      status: 400,
      body: { code: 'InvalidIdInRequest', message: 'CredentialsV2Request: ID not found', HTTPErrorCode: 400 },
    };
  }
  return {
    status: 200,
    body: {
      RoleArn: found.roleArn,
      AccessKeyId: found.accessKeyId,
      SecretAccessKey: found.secretAccessKey,
      Token: found.sessionToken,
      Expiration: found.expiration,
    },
  };
}
