import { beforeEach, describe, expect, it, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { silentLog } from '../../base/log.ts';
import { FakeNetworkDriver } from '../../drivers/network/fake.ts';
import type { PayloadTask } from '../../wire/acs.ts';
import { container, payload, vpcSpec } from '../control-for-tests.ts';
import { newTaskView, type TaskView } from '../tasks/view.ts';
import type { Answer } from './answer.ts';
import { Faults } from './faults.ts';

let clock: FakeClock;
let network: FakeNetworkDriver;
let faults: Faults;

function taskWith(more: Partial<PayloadTask> = {}): TaskView {
  const task = { ...payload(0, [container('app', 'run')]), enableFaultInjection: true, ...more };
  return { ...newTaskView(task), vpcId: 'vpc-1', attached: true };
}

beforeEach(async () => {
  clock = new FakeClock();
  network = new FakeNetworkDriver();
  await network.applyVpc(vpcSpec());
  await network.attach('vpc-1', 'eni-0', 1);
  faults = new Faults({ network, clock, log: silentLog });
});

/** Asks, as often as the agent lets one. */
async function ask(path: string, body: unknown = {}, task: TaskView | undefined = taskWith()): Promise<Answer> {
  await clock.advance(5_000);
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return faults.answer({ path, method: 'POST', body: text, id: 'some-id', task, caller: 'task' });
}

const status = (Status: string): Answer => ({ status: 200, body: { Status } });
const error = (code: number, Error: string): Answer => ({ status: code, body: { Error } });

it('drops a port, says so, and ends it', async () => {
  const port = { Port: 80, Protocol: 'tcp', TrafficType: 'egress' };
  expect(await ask('network-blackhole-port/status', port)).toEqual(status('not-running'));
  expect(await ask('network-blackhole-port/start', port)).toEqual(status('running'));
  expect(await ask('network-blackhole-port/start', port)).toEqual(status('running'));
  const packet = { from: { vpcId: 'vpc-1', address: '10.0.0.10' }, protocol: 'tcp', port: 80 } as const;
  expect(network.judge({ ...packet, to: '10.0.0.11' })).toMatchObject({ because: 'an injury of the sender' });
  // The endpoint itself stays within reach.
  expect(network.judge({ ...packet, to: '169.254.170.2' }).passes).toBe(true);
  expect(await ask('network-blackhole-port/status', port)).toEqual(status('running'));
  expect(await ask('network-blackhole-port/status', { ...port, Port: 81 })).toEqual(status('not-running'));
  expect(await ask('network-blackhole-port/stop', port)).toEqual(status('stopped'));
  expect(await ask('network-blackhole-port/stop', port)).toEqual(status('stopped'));
  expect(await ask('network-blackhole-port/status', port)).toEqual(status('not-running'));
});

it('delays or loses packets, one of the two at a time', async () => {
  const latency = { DelayMilliseconds: 100, JitterMilliseconds: 0, Sources: ['10.0.0.0/8'] };
  const loss = { LossPercent: 10, Sources: ['10.0.0.0/8'] };
  expect(await ask('network-latency/start', latency)).toEqual(status('running'));
  const running = error(409, 'There is already one network latency fault running');
  expect(await ask('network-latency/start', latency)).toEqual(running);
  expect(await ask('network-packet-loss/start', loss)).toEqual(running);
  expect(await ask('network-latency/status', '')).toEqual(status('running'));
  expect(await ask('network-packet-loss/status')).toEqual(status('not-running'));
  expect(await ask('network-packet-loss/stop')).toEqual(status('stopped'));
  expect(await network.faults('vpc-1', 'eni-0')).toEqual({ blackholes: [], shaping: 'latency' });
  expect(await ask('network-latency/stop')).toEqual(status('stopped'));
  expect(await ask('network-packet-loss/start', loss)).toEqual(status('running'));
  const lossRuns = error(409, 'There is already one network packet loss fault running');
  expect(await ask('network-latency/start', latency)).toEqual(lossRuns);
  expect(await ask('network-packet-loss/stop')).toEqual(status('stopped'));
});

it('injures the network of the instance in host mode', async () => {
  const { elasticNetworkInterfaces: _, ...payloadOf } = taskWith({ networkMode: 'host' }).payload;
  const seenFrom = { vpcId: 'vpc-1', address: '10.0.0.10', interfaceId: 'eni-0' };
  const { vpcId: _own, ...host } = taskWith();
  const task = { ...host, payload: { ...payloadOf, elasticNetworkInterfaces: [] }, seenFrom };
  const port = { Port: 443, Protocol: 'udp', TrafficType: 'ingress' };
  expect(await ask('network-blackhole-port/start', port, task)).toEqual(status('running'));
  expect(await network.faults('vpc-1', 'eni-0')).toEqual({ blackholes: ['ingress-udp-443'] });
});

it('says that it could not where the kernel cannot', async () => {
  network.shapes = false;
  const loss = { LossPercent: 10, Sources: ['10.0.0.0/8'] };
  expect(await ask('network-packet-loss/start', loss)).toEqual(error(500, 'internal error'));
  expect(await ask('network-packet-loss/status')).toEqual(status('not-running'));
});

const blackhole = { Port: 80, Protocol: 'tcp', TrafficType: 'ingress' };
const latency = { DelayMilliseconds: 1, JitterMilliseconds: 0, Sources: ['10.0.0.1'] };
const loss = { LossPercent: 1, Sources: ['10.0.0.1'] };
const missing = (member: string): string => `required parameter ${member} is missing`;
const invalid = (value: string, member: string): string => `invalid value ${value} for parameter ${member}`;

describe('refuses', () => {
  test.each([
    ['network-blackhole-port/start', '', 'required request body is missing'],
    ['network-blackhole-port/stop', '{', 'invalid request body: it is not JSON'],
    ['network-blackhole-port/status', {}, missing('Port')],
    ['network-blackhole-port/start', { ...blackhole, Protocol: undefined }, missing('Protocol')],
    ['network-blackhole-port/start', { ...blackhole, TrafficType: '' }, missing('TrafficType')],
    ['network-blackhole-port/start', { ...blackhole, Protocol: 'icmp' }, invalid('icmp', 'Protocol')],
    ['network-blackhole-port/start', { ...blackhole, TrafficType: 'both' }, invalid('both', 'TrafficType')],
    ['network-blackhole-port/start', { ...blackhole, SourcesToFilter: ['x'] }, invalid('x', 'SourcesToFilter')],
    [
      'network-blackhole-port/start',
      { ...blackhole, Port: '80' },
      'json: cannot unmarshal string into Go struct field NetworkBlackholePortRequest.Port of type uint16',
    ],
    [
      'network-blackhole-port/start',
      { ...blackhole, Port: 65_536 },
      'json: cannot unmarshal number 65536 into Go struct field NetworkBlackholePortRequest.Port of type uint16',
    ],
    ['network-latency/start', { ...latency, DelayMilliseconds: undefined }, missing('DelayMilliseconds')],
    ['network-latency/start', { ...latency, JitterMilliseconds: undefined }, missing('JitterMilliseconds')],
    [
      'network-latency/start',
      { ...latency, DelayMilliseconds: 0 },
      'required either DelayMilliseconds or JitterMilliseconds to be non-zero',
    ],
    ['network-latency/start', { ...latency, Sources: [] }, missing('Sources')],
    ['network-latency/start', { ...latency, Sources: ['web'] }, invalid('web', 'Sources')],
    ['network-latency/start', { ...latency, FlowsPercent: 101 }, invalid('101', 'flowsPercent')],
    ['network-packet-loss/start', { ...loss, LossPercent: undefined }, missing('LossPercent')],
    ['network-packet-loss/start', { ...loss, LossPercent: 0 }, invalid('0', 'LossPercent')],
    ['network-packet-loss/start', { ...loss, Sources: undefined }, missing('Sources')],
  ])('%s %j: %s', async (path, body, message) => {
    expect(await ask(path, body)).toEqual(error(400, message));
  });

  test.each([
    [
      'a task that is not to be injured',
      taskWith({ enableFaultInjection: false }),
      400,
      /^enableFaultInjection is not/,
    ],
    ['bridge mode', taskWith({ networkMode: 'bridge' }), 400, /^bridge mode is not supported/],
    ['a task without an interface', taskWith({ elasticNetworkInterfaces: [] }), 500, /^failed to get task metadata/],
  ] as const)('%s', async (_, task, code, message) => {
    expect(await ask('network-latency/start', latency, task)).toMatchObject({
      status: code,
      body: { Error: expect.stringMatching(message) as string },
    });
  });

  it('ids that lead to no task of the asker, paths and methods that do not exist', async () => {
    const request = { path: 'network-latency/stop', method: 'POST', body: '', id: 'x', task: undefined, caller: 'me' };
    expect(await faults.answer(request)).toEqual(
      error(404, 'unable to get task arn from request: unable to get task Arn from v3 endpoint ID: x'),
    );
    expect(await ask('network-jam/start')).toMatchObject({ status: 404 });
    expect(await faults.answer({ ...request, method: 'GET' })).toMatchObject({ status: 405 });
  });

  it('whoever asks for the same more than once in five seconds', async () => {
    const request = { method: 'POST', body: '', id: 'x', task: taskWith(), caller: 'me' };
    const stop = { ...request, path: 'network-latency/stop' };
    expect(await faults.answer(stop)).toEqual(status('stopped'));
    expect(await faults.answer(stop)).toMatchObject({ status: 429, body: 'You have reached maximum request limit' });
    expect(await faults.answer({ ...stop, caller: 'other' })).toEqual(status('stopped'));
    expect(await faults.answer({ ...request, path: 'network-latency/status' })).toEqual(status('not-running'));
    await clock.advance(5_000);
    expect(await faults.answer(stop)).toEqual(status('stopped'));
  });
});
