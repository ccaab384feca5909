import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { systemIds } from '../../base/ids.ts';
import { silentLog } from '../../base/log.ts';
import { sslPolicyOf } from '../../model/elbv2/ssl-policies.ts';
import { CertificateAuthority } from '../../store/certificates/authority.ts';
import type { BalancerSpec, ListenerSpec, TargetGroupSpec } from '../../wire/balancer-spec.ts';
import { parseConnectionLine } from './connection-line.ts';
import { HaproxyDriver } from './haproxy.ts';
import { forwardTo, groupSpec, listenerSpec, networkSpec, targetSpec } from './spec-for-tests.ts';
import { freePort } from './traffic-for-tests.ts';

/** A target that greets with its name and answers each message in capitals. */
interface Target {
  readonly port: number;
  readonly open: Set<Socket>;
  /** The first bytes that a client sent, of each connection. */
  readonly heard: Buffer[];
}

describe('haproxy: a network load balancer', () => {
  let directory: string;
  let driver: HaproxyDriver;
  const servers: Server[] = [];
  const targets: Record<string, Target> = {};

  const listen = async (name: string): Promise<void> => {
    const open = new Set<Socket>();
    const heard: Buffer[] = [];
    const server = createServer((socket) => {
      open.add(socket);
      socket.on('close', () => open.delete(socket)).on('error', () => {});
      socket.once('data', (chunk: Buffer) => heard.push(chunk));
      socket.on('data', (chunk: Buffer) => socket.write(chunk.toString('latin1').toUpperCase()));
      socket.write(name);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    targets[name] = { port: (server.address() as AddressInfo).port, open, heard };
  };
  const portOf = (name: string): number => targets[name]?.port ?? 0;
  const tcp = async (group: TargetGroupSpec): Promise<ListenerSpec> => ({
    ...listenerSpec(await freePort(), forwardTo(group)),
    protocol: 'TCP',
  });
  const serve = async (spec: BalancerSpec): Promise<void> => {
    await driver.apply(spec);
    for (const { targetGroupArn, targets: own } of spec.targetGroups) {
      for (const { id, port } of own) await driver.rotate(spec.loadBalancerArn, { targetGroupArn, id, port }, 'in');
    }
  };
  const closed = (socket: Socket): Promise<void> =>
    new Promise((resolve) => socket.on('error', () => {}).once('close', () => resolve()));
  const said = (socket: Socket): Promise<string> =>
    new Promise((resolve) => {
      socket.once('data', (chunk) => resolve(chunk.toString()));
      socket.once('close', () => resolve(''));
      socket.on('error', () => {});
    });
  const ask = async (port: number, host = '127.0.0.1'): Promise<string> => {
    const socket = connect({ host, port });
    const name = await said(socket);
    socket.destroy();
    return name;
  };

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'stw-lb-'));
    driver = new HaproxyDriver({
      stateDirectory: directory,
      namespaceOf: () => undefined,
      clock: systemClock,
      log: silentLog,
    });
    for (const name of ['a', 'b']) await listen(name);
  });
  afterAll(async () => {
    for (const arn of await driver.list()) await driver.remove(arn);
    await driver.close();
    for (const { open } of Object.values(targets)) for (const socket of open) socket.destroy();
    for (const server of servers) server.close();
    await rm(directory, { recursive: true, force: true });
  });

  test('passes connections on, and lets them outlive their target unless they are to end with it', async () => {
    const group = groupSpec('t', [targetSpec(portOf('a')), targetSpec(portOf('b'))], { protocol: 'TCP' });
    const listener = await tcp(group);
    const spec = networkSpec({ name: 'tcp', listeners: [listener], targetGroups: [group] });
    await serve(spec);
    const names = new Set<string>();
    while (names.size < 2) names.add(await ask(listener.port));
    expect([...names].toSorted()).toEqual(['a', 'b']);

    const socket = connect({ host: '127.0.0.1', port: listener.port });
    const name = await said(socket);
    const without = { ...group, targets: group.targets.filter(({ port }) => port !== portOf(name)) };
    await driver.apply({ ...spec, targetGroups: [without] });
    for (let i = 0; i < 4; i += 1) expect(await ask(listener.port)).not.toBe(name);
    socket.write('still there');
    expect(await said(socket)).toBe('STILL THERE');
    const ending = { ...without, attributes: { 'deregistration_delay.connection_termination.enabled': 'true' } };
    const ends = closed(socket);
    await driver.apply({ ...spec, targetGroups: [ending] });
    await ends;
  });

  test('ends the connections to a target that is found unhealthy, if that is asked for', async () => {
    const attributes = { 'target_health_state.unhealthy.connection_termination.enabled': 'true' };
    const group = groupSpec('u', [targetSpec(portOf('a'))], { protocol: 'TCP', attributes });
    const listener = await tcp(group);
    const spec = networkSpec({ name: 'cut', listeners: [listener], targetGroups: [group] });
    await serve(spec);
    const socket = connect({ host: '127.0.0.1', port: listener.port });
    expect(await said(socket)).toBe('a');
    const ref = { targetGroupArn: group.targetGroupArn, id: '127.0.0.1', port: portOf('a') };
    const ends = closed(socket);
    await driver.rotate(spec.loadBalancerArn, ref, 'out');
    await ends;
  });

  test('keeps zones apart, and each client at its target', async () => {
    const zoned = [targetSpec(portOf('a'), { zone: 'x' }), targetSpec(portOf('b'), { zone: 'y' })];
    const zonal = groupSpec('z', zoned, { protocol: 'TCP', zones: ['x', 'y'] });
    const sticky = groupSpec('s', [targetSpec(portOf('a')), targetSpec(portOf('b'))], {
      protocol: 'TCP',
      attributes: { 'stickiness.enabled': 'true' },
    });
    const [first, second] = [await tcp(zonal), await tcp(sticky)];
    await serve(
      networkSpec({
        name: 'zones',
        addresses: ['127.0.0.1', '127.0.0.2'],
        zones: { '127.0.0.1': 'x', '127.0.0.2': 'y' },
        listeners: [first, second],
        targetGroups: [zonal, sticky],
      }),
    );
    const names = new Set<string>();
    for (let i = 0; i < 6; i += 1) {
      expect(await ask(first.port, '127.0.0.1')).toBe('a');
      expect(await ask(first.port, '127.0.0.2')).toBe('b');
      names.add(await ask(second.port));
    }
    expect(names.size).toBe(1);
  });

  test('ends TLS, agrees on a protocol, and tells targets the address of the client', async () => {
    const { authority } = await CertificateAuthority.make(systemClock, systemIds, 'test');
    const issued = await authority.issue({ names: ['tls.test'], keyAlgorithm: 'RSA_2048', validForMs: 86_400_000 });
    const { protocols = [], ciphers = [] } = sslPolicyOf('ELBSecurityPolicy-TLS13-1-2-2021-06') ?? {};
    const group = groupSpec('p', [targetSpec(portOf('a'))], {
      protocol: 'TCP',
      attributes: { 'proxy_protocol_v2.enabled': 'true' },
    });
    const listener: ListenerSpec = {
      ...listenerSpec(await freePort(), forwardTo(group)),
      protocol: 'TLS',
      tls: {
        protocols,
        ciphers,
        certificates: [`${issued.certificate}${issued.privateKey}`],
        alpnPolicy: 'HTTP2Preferred',
      },
    };
    const attributes = { 'access_logs.s3.enabled': 'true' };
    const spec = networkSpec({ name: 'tls', attributes, listeners: [listener], targetGroups: [group] });
    await serve(spec);
    const before = targets['a']?.heard.length ?? 0;
    const socket = connectTls({
      host: '127.0.0.1',
      port: listener.port,
      servername: 'tls.test',
      ca: authority.root,
      ALPNProtocols: ['http/1.1', 'h2'],
    });
    // What the header says may already be echoed behind it.
    expect(await said(socket)).toMatch(/^a/);
    expect(socket.alpnProtocol).toBe('h2');
    await expect.poll(() => targets['a']?.heard[before]).toBeDefined();
    const header = targets['a']?.heard[before];
    // "The PROXY protocol", version 2: the signature, PROXY over TCP and IPv4, then the client's address and port.
    expect(header?.subarray(0, 14).toString('hex')).toBe('0d0a0d0a000d0a515549540a2111');
    expect([...(header?.subarray(16, 20) ?? [])]).toEqual([127, 0, 0, 1]);
    expect(header?.readUInt16BE(24)).toBe(socket.localPort);
    socket.destroy();
    await closed(
      connect({ host: '127.0.0.1', port: listener.port }, function (this: Socket) {
        this.end('this is not TLS\r\n\r\n');
      }).resume(),
    );
    // What became of both is noted.
    const noted = async (): Promise<unknown[]> => {
      const { lines } = await driver.requests(spec.loadBalancerArn, 0);
      return lines.flatMap((line) => parseConnectionLine(line) ?? []);
    };
    await expect.poll(async () => (await noted()).length, { timeout: 60_000 }).toBe(2);
    const where = { clientAddress: '127.0.0.1', address: '127.0.0.1', port: listener.port };
    expect(await noted()).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          ...where,
          stream: expect.objectContaining({
            protocol: 'TLSv1.3',
            cipher: expect.stringMatching(/^TLS_/) as string,
            alpn: 'h2',
            serverName: 'tls.test',
            certificate: expect.stringMatching(/^[0-9A-F]{40}$/) as string,
            handshakeMs: expect.any(Number) as number,
          }) as object,
        }),
        expect.objectContaining({ ...where, tlsError: expect.any(Number) as number }),
      ]),
    );
    expect((await driver.connections(spec.loadBalancerArn)).opened).toBe(0);
    await closed(
      connect({ host: '127.0.0.1', port: listener.port }, function (this: Socket) {
        this.end('nor is this\r\n\r\n');
      }).resume(),
    );
    const { tlsErrors } = await driver.connections(spec.loadBalancerArn);
    expect(tlsErrors).toEqual([{ address: '127.0.0.1', count: 1 }]);
  });
});
