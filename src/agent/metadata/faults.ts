import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { metadataAddress, type NetworkDriver } from '../../drivers/network/driver.ts';
import { blackholeName, type ShapingFault } from '../../drivers/network/faults.ts';
import type { TaskView } from '../tasks/view.ts';
import { placeOf } from './lookup.ts';
import { json, noSuchPage, wrongMethod, type Answer } from './answer.ts';
import { FaultRequestError, readBlackhole, readShaping } from './fault-requests.ts';
import { Throttle, tooMany } from './throttle.ts';

export interface FaultDeps {
  readonly network: NetworkDriver;
  readonly clock: Clock;
  readonly log: Log;
}

/** A request below `/api/<id>/fault/v1/`. */
export interface FaultRequest {
  /** `network-latency/start` … */
  readonly path: string;
  readonly method: string;
  readonly body: string;
  /** The id that the path names, and the task that it leads to. */
  readonly id: string;
  readonly task: TaskView | undefined;
  /** By whom requests are counted. */
  readonly caller: string;
}

/** Each operation is taken once in five seconds from one address. */
const faultRate = { perSecond: 0.2, burst: 1 };

const shapings = { 'network-latency': 'latency', 'network-packet-loss': 'packet-loss' } as const;
const alreadyRunning = {
  latency: 'There is already one network latency fault running',
  'packet-loss': 'There is already one network packet loss fault running',
};

/** An interface that a fault is to be in. */
interface Place {
  readonly vpcId: string;
  readonly interfaceId: string;
}

/**
 * The agent's fault injection endpoints ("Use fault injection with your Amazon ECS and Fargate workloads", ECS Developer
 * Guide; `ecs-agent/tmds/handlers/fault/v1`): really done to the network of the task that asks.
 */
export class Faults {
  readonly #deps: FaultDeps;
  readonly #throttle: Throttle;
  /** The work on each interface: one request after the other. */
  readonly #lanes = new Map<string, Promise<unknown>>();

  constructor(deps: FaultDeps) {
    this.#deps = deps;
    this.#throttle = new Throttle(faultRate, deps.clock);
  }

  async answer(request: FaultRequest): Promise<Answer> {
    const [, type = '', operation = ''] =
      /^(network-(?:latency|packet-loss|blackhole-port))\/(start|stop|status)$/.exec(request.path) ?? [];
    if (type === '') return noSuchPage;
    if (request.method !== 'POST') return wrongMethod;
    if (!this.#throttle.take(`${request.path} ${request.caller}`))
      return { ...tooMany, body: 'You have reached maximum request limit' };
    try {
      return type === 'network-blackhole-port'
        ? await this.#blackhole(operation, request)
        : await this.#shaping(shapings[type as keyof typeof shapings], operation, request);
    } catch (error) {
      if (error instanceof FaultRequestError) return json(400, { Error: error.message });
      this.#deps.log.warn('a fault could not be injected', {
        task: request.task?.payload.arn ?? '',
        fault: request.path,
        error: messageOf(error),
      });
      return json(500, { Error: 'internal error' });
    }
  }

  async #blackhole(operation: string, request: FaultRequest): Promise<Answer> {
    const asked = readBlackhole(request.body);
    const place = needPlace(request);
    if ('status' in place) return place;
    const { network } = this.#deps;
    const { vpcId, interfaceId } = place;
    const name = blackholeName(asked);
    return this.#inTurn(place, async () => {
      switch (operation) {
        case 'start': {
          // What asks must be able to end it again.
          const spared = asked.direction === 'egress' && asked.port === 80 ? [metadataAddress] : [];
          await network.startFault(vpcId, interfaceId, {
            ...asked,
            spared: [...new Set([...asked.spared, ...spared])],
          });
          return json(200, { Status: 'running' });
        }
        case 'stop':
          await network.stopFault(vpcId, interfaceId, name);
          return json(200, { Status: 'stopped' });
        default: {
          const { blackholes } = await network.faults(vpcId, interfaceId);
          return json(200, { Status: blackholes.includes(name) ? 'running' : 'not-running' });
        }
      }
    });
  }

  async #shaping(kind: ShapingFault['kind'], operation: string, request: FaultRequest): Promise<Answer> {
    const asked = operation === 'start' ? readShaping(kind, request.body) : undefined;
    const place = needPlace(request);
    if ('status' in place) return place;
    const { network } = this.#deps;
    const { vpcId, interfaceId } = place;
    return this.#inTurn(place, async () => {
      const { shaping } = await network.faults(vpcId, interfaceId);
      if (asked !== undefined) {
        if (shaping !== undefined) return json(409, { Error: alreadyRunning[shaping] });
        await network.startFault(vpcId, interfaceId, asked);
        return json(200, { Status: 'running' });
      }
      if (operation === 'status') return json(200, { Status: shaping === kind ? 'running' : 'not-running' });
      if (shaping === kind) await network.stopFault(vpcId, interfaceId, kind);
      return json(200, { Status: 'stopped' });
    });
  }

  #inTurn({ interfaceId }: Place, work: () => Promise<Answer>): Promise<Answer> {
    const turn = (this.#lanes.get(interfaceId) ?? Promise.resolve()).then(work, work);
    const done = turn.catch(() => {});
    this.#lanes.set(interfaceId, done);
    void done.then(() => this.#lanes.get(interfaceId) === done && this.#lanes.delete(interfaceId));
    return turn;
  }
}

/** Where the fault is to be, or why there is no such place. */
function needPlace({ id, task }: FaultRequest): Place | Answer {
  if (task === undefined) {
    const message = `unable to get task arn from request: unable to get task Arn from v3 endpoint ID: ${id}`;
    return json(404, { Error: message });
  }
  const { payload } = task;
  if (payload.enableFaultInjection !== true) {
    return json(400, { Error: `enableFaultInjection is not enabled for task: ${payload.arn}` });
  }
  if (payload.networkMode !== 'awsvpc' && payload.networkMode !== 'host') {
    const message = `${payload.networkMode} mode is not supported. Please use either host or awsvpc mode.`;
    return json(400, { Error: message });
  }
  const place = placeOf(task);
  const message = `failed to get task metadata due to internal server error for container: ${id}`;
  return place ?? json(500, { Error: message });
}
