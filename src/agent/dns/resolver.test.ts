import { decode, encode, type Answer } from 'dns-packet';
import { expect, it } from 'vitest';
import { silentLog } from '../../base/log.ts';
import { vpcSpec } from '../control-for-tests.ts';
import { resolve } from './resolver.ts';
import { servers, tcpFrame, tcpMessages, type Upstream } from './upstream.ts';

const spec = {
  ...vpcSpec(2),
  hosts: {
    'web-1.us-east-1.elb.stowage.internal': ['10.0.0.5', '10.0.1.5'],
    'many.internal': Array.from({ length: 100 }, (_, index) => `10.0.2.${index}`),
  },
};
const away: Upstream = { udp: () => Promise.reject(new Error('away')), tcp: () => Promise.reject(new Error('away')) };

async function ask(name: string, type: 'A' | 'AAAA' | 'PTR', transport: 'udp' | 'tcp' = 'udp', upstream = away) {
  const query = encode({ type: 'query', id: 7, flags: 256, questions: [{ type, name }] });
  const answer = await resolve({ upstream, log: silentLog }, spec, query, transport);
  return decode(Buffer.from(answer ?? []));
}
const data = (answers: Answer[] | undefined): unknown[] =>
  (answers ?? []).map((each) => ('data' in each ? each.data : ''));

it.each([
  ['WEB-1.us-east-1.elb.stowage.internal', 'A', 'NOERROR', ['10.0.0.5', '10.0.1.5']],
  ['web-1.us-east-1.elb.stowage.internal', 'AAAA', 'NOERROR', []],
  ['ip-10-0-0-10.ec2.internal', 'A', 'NOERROR', ['10.0.0.10']],
  ['ip-10-0-0-11.eu-west-1.compute.internal', 'A', 'NOERROR', ['10.0.0.11']],
  ['9.9.9.10.in-addr.arpa', 'PTR', 'SERVFAIL', []],
  ['11.0.0.10.in-addr.arpa', 'PTR', 'NOERROR', ['ip-10-0-0-11.ec2.internal']],
  ['ip-10-9-9-9.ec2.internal', 'A', 'SERVFAIL', []],
  ['example.com', 'A', 'SERVFAIL', []],
] as const)('%s %s → %s %j', async (name, type, code, expected) => {
  const answer = await ask(name, type);
  expect(answer).toMatchObject({ id: 7, rcode: code });
  expect(data(answer.answers)).toEqual(expected);
});

it('forwards what is not its own, unchanged', async () => {
  const forwarded = encode({
    type: 'response',
    id: 7,
    answers: [{ type: 'A', name: 'example.com', data: '192.0.2.1' }],
  });
  const upstream = { udp: () => Promise.resolve(forwarded), tcp: () => Promise.reject(new Error('not this way')) };
  expect(data((await ask('example.com', 'A', 'udp', upstream)).answers)).toEqual(['192.0.2.1']);
});

it('says over UDP that there is more, and all of it over TCP', async () => {
  const short = await ask('many.internal', 'A');
  expect([short.flag_tc, short.answers?.length]).toEqual([true, 0]);
  const whole = await ask('many.internal', 'A', 'tcp');
  expect([whole.flag_tc, whole.answers?.length]).toEqual([false, 100]);
});

it('ignores what is no query', async () => {
  const deps = { upstream: away, log: silentLog };
  expect(await resolve(deps, spec, Buffer.from('nonsense'), 'udp')).toBeUndefined();
  expect(await resolve(deps, spec, encode({ type: 'response', id: 1 }), 'udp')).toBeUndefined();
});

it('cuts TCP into messages wherever it is chopped', () => {
  const bytes = Buffer.concat([tcpFrame(Buffer.from('one')), tcpFrame(Buffer.from('three'))]);
  for (let at = 0; at <= bytes.length; at++) {
    const heard: string[] = [];
    const read = tcpMessages((message) => heard.push(Buffer.from(message).toString()));
    read(bytes.subarray(0, at));
    read(bytes.subarray(at));
    expect(heard).toEqual(['one', 'three']);
  }
});

it('reads resolv.conf', () => {
  expect(servers('# comment\nnameserver 192.0.2.53\nsearch a b\nnameserver 2001:db8::1\n')).toEqual([
    '192.0.2.53',
    '2001:db8::1',
  ]);
});
