import type { ProtocolName } from '../service-table.ts';
import type { Protocol } from './protocol.ts';

/** Each is loaded when it is first spoken: no client speaks them all, and CBOR's library alone takes longer than a start may. */
const loaders: Readonly<Record<ProtocolName, () => Promise<Protocol>>> = {
  'aws-json-1.0': async () => (await import('./aws-json.ts')).awsJson('1.0'),
  'aws-json-1.1': async () => (await import('./aws-json.ts')).awsJson('1.1'),
  query: async () => (await import('./query.ts')).query,
  'ec2-query': async () => (await import('./query.ts')).ec2Query,
  'rest-json': async () => (await import('./rest-json.ts')).restJson,
  'rest-xml': async () => (await import('./rest-xml.ts')).restXml,
  'rpc-v2-cbor': async () => (await import('./rpc-v2-cbor.ts')).rpcV2Cbor,
};
const loaded: Partial<Record<ProtocolName, Protocol>> = {};

/** A protocol by its name. */
export async function protocolOf(name: ProtocolName): Promise<Protocol> {
  const protocol = (loaded[name] ??= await loaders[name]());
  return protocol;
}

/** The same without waiting, for those that were spoken before. */
export function protocolNow(name: ProtocolName): Protocol | undefined {
  return loaded[name];
}
