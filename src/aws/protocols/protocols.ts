import type { ProtocolName } from '../service-table.ts';
import { awsJson } from './aws-json.ts';
import type { Protocol } from './protocol.ts';
import { ec2Query, query } from './query.ts';
import { restJson } from './rest-json.ts';
import { restXml } from './rest-xml.ts';

const loaded: Partial<Record<ProtocolName, Protocol>> = {
  'aws-json-1.0': awsJson('1.0'),
  'aws-json-1.1': awsJson('1.1'),
  query,
  'ec2-query': ec2Query,
  'rest-json': restJson,
  'rest-xml': restXml,
};

/** A protocol by its name. CBOR's library is loaded when it is first spoken: it takes longer than all the others. */
export async function protocolOf(name: ProtocolName): Promise<Protocol> {
  const protocol = (loaded[name] ??= (await import('./rpc-v2-cbor.ts')).rpcV2Cbor);
  return protocol;
}

/** The same without waiting, for those that are there already. */
export function protocolNow(name: ProtocolName): Protocol | undefined {
  return loaded[name];
}
