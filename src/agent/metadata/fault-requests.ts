import { isAddressOrBlock, type BlackholeFault, type ShapingFault } from '../../drivers/network/faults.ts';

/** What is wrong with a request, in the agent's words. */
export class FaultRequestError extends Error {
  override readonly name = 'FaultRequestError';
}

type Members = Readonly<Record<string, unknown>>;
type Check = 'uint16' | 'uint64' | 'int' | 'string' | '[]*string';

/** Reads the body of a request for a dropped port. Throws a `FaultRequestError`. */
export function readBlackhole(body: string): BlackholeFault {
  const read = reader(body, 'NetworkBlackholePortRequest');
  const port = read.number('Port', 'uint16', 65_535);
  const protocol = read.text('Protocol');
  const direction = read.text('TrafficType');
  const spared = read.list('SourcesToFilter');
  if (port === undefined) throw missing('Port');
  if (protocol === undefined || protocol === '') throw missing('Protocol');
  if (direction === undefined || direction === '') throw missing('TrafficType');
  if (protocol !== 'tcp' && protocol !== 'udp') throw invalid(protocol, 'Protocol');
  if (direction !== 'ingress' && direction !== 'egress') throw invalid(direction, 'TrafficType');
  needAddresses(spared, 'SourcesToFilter');
  return { kind: 'blackhole', direction, protocol, port, spared };
}

/** Reads the body of a request for delay or loss. Throws a `FaultRequestError`. */
export function readShaping(kind: ShapingFault['kind'], body: string): ShapingFault {
  const latency = kind === 'latency';
  const read = reader(body, latency ? 'NetworkLatencyRequest' : 'NetworkPacketLossRequest');
  const delay = latency ? read.number('DelayMilliseconds', 'uint64', Number.MAX_SAFE_INTEGER) : 0;
  const jitter = latency ? read.number('JitterMilliseconds', 'uint64', Number.MAX_SAFE_INTEGER) : 0;
  const loss = latency ? 0 : read.number('LossPercent', 'uint64', Number.MAX_SAFE_INTEGER);
  const sources = read.list('Sources');
  const spared = read.list('SourcesToFilter');
  const flows = read.number('FlowsPercent', 'int', Number.MAX_SAFE_INTEGER);
  if (delay === undefined) throw missing('DelayMilliseconds');
  if (jitter === undefined) throw missing('JitterMilliseconds');
  if (loss === undefined) throw missing('LossPercent');
  if (latency && delay === 0 && jitter === 0) {
    throw new FaultRequestError('required either DelayMilliseconds or JitterMilliseconds to be non-zero');
  }
  if (!latency && (loss < 1 || loss > 100)) throw invalid(String(loss), 'LossPercent');
  if (sources.length === 0) throw missing('Sources');
  needAddresses(sources, 'Sources');
  needAddresses(spared, 'SourcesToFilter');
  if (flows !== undefined && (flows <= 0 || flows > 100)) throw invalid(String(flows), 'flowsPercent');
  return { kind, delayMs: delay, jitterMs: jitter, lossPercent: loss, sources, spared, flowsPercent: flows ?? 100 };
}

/** Reads members by name, whatever its case, as Go does; members that are not known are let pass. */
function reader(body: string, type: string) {
  if (body.trim() === '') throw new FaultRequestError('required request body is missing');
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw new FaultRequestError('invalid request body: it is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new FaultRequestError(`json: cannot unmarshal ${goName(value)} into Go value of type types.${type}`);
  }
  const members: Members = Object.fromEntries(Object.entries(value).map(([name, each]) => [name.toLowerCase(), each]));
  const refuse = (member: string, found: unknown, wanted: Check | 'string'): FaultRequestError =>
    new FaultRequestError(
      `json: cannot unmarshal ${goName(found)} into Go struct field ${type}.${member} of type ${wanted}`,
    );
  const of = (member: string): unknown => members[member.toLowerCase()] ?? undefined;
  return {
    number(member: string, wanted: 'uint16' | 'uint64' | 'int', most: number): number | undefined {
      const found = of(member);
      if (found === undefined) return undefined;
      const fits = typeof found === 'number' && Number.isInteger(found) && (wanted === 'int' || found >= 0);
      if (!fits || found > most) throw refuse(member, found, wanted);
      return found;
    },
    text(member: string): string | undefined {
      const found = of(member);
      if (found !== undefined && typeof found !== 'string') throw refuse(member, found, 'string');
      return found;
    },
    list(member: string): string[] {
      const found = of(member);
      if (found === undefined) return [];
      if (!Array.isArray(found)) throw refuse(member, found, '[]*string');
      return found.map((each: unknown) => {
        if (typeof each !== 'string' && each !== null) throw refuse(member, each, 'string');
        return each ?? '';
      });
    },
  };
}

/** How Go calls a value of JSON. */
function goName(value: unknown): string {
  if (typeof value === 'number')
    return Number.isInteger(value) && Math.abs(value) < 65_536 ? 'number' : `number ${value}`;
  if (typeof value === 'boolean') return 'bool';
  if (Array.isArray(value)) return 'array';
  return typeof value;
}

function needAddresses(all: readonly string[], member: string): void {
  const wrong = all.find((each) => !isAddressOrBlock(each));
  if (wrong !== undefined) throw invalid(wrong, member);
}

function missing(member: string): FaultRequestError {
  return new FaultRequestError(`required parameter ${member} is missing`);
}

function invalid(value: string, member: string): FaultRequestError {
  return new FaultRequestError(`invalid value ${value} for parameter ${member}`);
}
