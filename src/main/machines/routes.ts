import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { RawRoute } from '../../aws/front.ts';
import { readBody } from '../../aws/body.ts';
import type { Clock } from '../../base/clock.ts';
import { AwsError } from '../../base/errors.ts';
import type { Ids } from '../../base/ids.ts';
import type { Log } from '../../base/log.ts';
import type { Scoped } from '../../model/tags.ts';
import { createToken, defaultTokenMs, issueKey, longestTokenMs } from '../../store/membership.ts';
import { mintRegistryCredentials } from '../../store/registry-credentials.ts';
import type { Store } from '../../store/store.ts';
import { members } from '../../store/tables/fleet.ts';
import { machinePaths, type KeyOfMachine, type LeaveAnswer, type RegistryAnswer } from '../../wire/join.ts';
import { authenticateMachine, type KnownMachine } from './authenticate.ts';
import { joinMachine } from './join-machine.ts';
import { countTasksOf, listMachines } from './list-machines.ts';

/** What the paths of machines are served with. */
export interface MachineRouteDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly publicPool: string;
  readonly scope: Scoped;
  /** Where other machines reach the control plane: `http://192.168.1.10:4566`. */
  readonly endpoints: readonly string[];
  /** Whether a connection is not of the control plane's own machine, or of a task on it. */
  readonly isForeign: (connection: Socket) => boolean;
}

type Answer = (input: Record<string, unknown>) => unknown;

const bodyLimit = 64 * 1024;

/**
 * What machines ask beside their sessions, each signed with the machine's own key, and what the command line of the control plane's own
 * machine asks of them: JSON by path, POST. Every answer waits until what was written is durable.
 */
export function machineRoute(deps: MachineRouteDeps): RawRoute {
  const { store, log } = deps;
  return {
    prefix: machinePaths,
    handle(request, response) {
      serve(deps, request).then(
        async (answer) => {
          await store.flushed();
          send(response, 200, answer);
        },
        (error: unknown) => {
          if (error instanceof AwsError)
            return send(response, error.status, { code: error.code, message: error.message });
          log.error('a request of a machine failed', { url: request.url, error });
          return send(response, 500, {
            code: 'InternalFailure',
            message: 'the control plane failed; its log says more',
          });
        },
      );
    },
  };
}

async function serve(deps: MachineRouteDeps, request: IncomingMessage): Promise<unknown> {
  const path = (request.url ?? '').slice(machinePaths.length).replace(/\?.*$/, '');
  if (request.method !== 'POST') throw new AwsError('MethodNotAllowed', 'use POST', { status: 405 });
  const body = await readBody(request, bodyLimit);
  const input = readJson(body);
  if (path === 'join') return joinMachine(deps, input, deps.clock.now());
  const own = ownAnswers(deps)[path];
  if (own !== undefined) {
    if (deps.isForeign(request.socket)) {
      throw new AwsError('AccessDenied', "this path is for programs of the control plane's own machine", {
        status: 403,
      });
    }
    return own(input);
  }
  const answer = machineAnswers[path];
  if (answer === undefined) throw new AwsError('NotFound', `there is no ${machinePaths}${path}`, { status: 404 });
  return answer(deps, authenticateMachine(deps, request, body), input);
}

/** What only programs of the control plane's machine may ask. */
function ownAnswers({ store, clock, ids, endpoints }: MachineRouteDeps): Readonly<Record<string, Answer>> {
  return {
    token({ ttlMs = defaultTokenMs }) {
      if (typeof ttlMs !== 'number' || !Number.isInteger(ttlMs) || ttlMs < 1_000 || ttlMs > longestTokenMs) {
        throw new AwsError('ValidationError', 'a token is good for a second at least and 30 days at most');
      }
      const now = clock.now();
      const token = store.transact((tx) => createToken(tx, ids, now, ttlMs));
      return { token, expiresAt: now + ttlMs, endpoints };
    },
    list: () => ({ machines: listMachines(store) }),
    remove({ id, force }) {
      const member = typeof id === 'string' ? store.get(members, id) : undefined;
      if (member === undefined || member.removedAt !== undefined) {
        throw new AwsError('NotFound', `there is no machine ${String(id)}: 'stowage machines list' names them`, {
          status: 404,
        });
      }
      leave(store, member.id, clock.now(), force === true);
      return { id: member.id };
    },
  };
}

type MachineAnswer = (deps: MachineRouteDeps, machine: KnownMachine, input: Record<string, unknown>) => unknown;

/** What machines may ask. */
const machineAnswers: Readonly<Record<string, MachineAnswer>> = {
  /** Another key; the old one is good until this one is used. */
  key({ store, ids, clock }, { member, accessKeyId }): KeyOfMachine {
    const key = store.transact((tx) => issueKey(tx, ids, clock.now(), member.id, accessKeyId));
    return { accessKeyId: key.accessKeyId, secretAccessKey: key.secretAccessKey };
  },
  registry({ store, ids, clock }, { member }, { account, region }): RegistryAnswer {
    if (member.removedAt !== undefined) throw removed();
    if (typeof account !== 'string' || typeof region !== 'string') {
      throw new AwsError('ValidationError', 'account and region say whose registry it is');
    }
    const { username, password } = mintRegistryCredentials(store, clock, ids, { account, region });
    return { username, password };
  },
  leave({ store, clock }, { member }): LeaveAnswer {
    leave(store, member.id, clock.now(), false);
    return { left: store.get(members, member.id)?.removedAt !== undefined, tasks: countTasksOf(store, member) };
  },
};

/** What a machine is told that is none of the installation's any more: it is to end what it runs. */
export function removed(): AwsError {
  return new AwsError('MachineRemoved', 'the machine left, or was removed', { status: 410 });
}

/** Notes that a machine is to go; the loop of machines sees it off. */
function leave(store: Store, id: string, now: number, force: boolean): void {
  const before = store.get(members, id);
  if (before === undefined || before.removedAt !== undefined) return;
  if (before.leavingSince !== undefined && (before.forced === true || !force)) return;
  store.transact((tx) =>
    tx.update(members, id, (member) => ({
      ...member,
      leavingSince: member.leavingSince ?? now,
      ...(force ? { forced: true as const } : {}),
    })),
  );
}

function readJson(body: Buffer): Record<string, unknown> {
  try {
    const value = JSON.parse(body.length === 0 ? '{}' : body.toString('utf8')) as unknown;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // As below.
  }
  throw new AwsError('ValidationError', 'the body is no JSON object');
}

function send(response: ServerResponse, status: number, answer: unknown): void {
  const text = `${JSON.stringify(answer)}\n`;
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}
