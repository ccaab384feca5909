import { cbor, tag } from '@smithy/core/cbor';
import { serializationError } from '../codec/problem.ts';
import { readTimestamp } from '../codec/timestamp.ts';
import { readStructure, writeStructure, type TreeForm } from '../codec/tree.ts';
import { addQueryError, errorTree } from './aws-json.ts';
import { orSerializationError, type Protocol } from './protocol.ts';

/** CBOR's tag of a time in seconds since the epoch (RFC 8949, section 3.4.2). */
const EPOCH_TAG = 1;

const form: TreeForm = {
  writeTime: (date) => tag({ tag: EPOCH_TAG, value: date.getTime() / 1000 }),
  readTime(value) {
    const tagged = value as { readonly tag?: unknown; readonly value?: unknown } | null;
    const isTime = typeof tagged === 'object' && Number(tagged?.tag) === EPOCH_TAG;
    return readTimestamp(isTime ? Number(tagged?.value) : value);
  },
  textual: false,
  jsonName: false,
};

/** Smithy's "RPC v2 CBOR protocol". */
export const rpcV2Cbor: Protocol = {
  read(operation, { body }) {
    const tree = body.length === 0 ? {} : parseCbor(body);
    return orSerializationError(() => readStructure(form, operation.input, tree));
  },
  write(operation, output, requestId) {
    const body = cbor.serialize(writeStructure(form, operation.output, output));
    return { status: 200, headers: headersOf(requestId), body };
  },
  fail(problem, requestId) {
    const headers = headersOf(requestId);
    addQueryError(headers, problem);
    return { status: problem.status, headers, body: cbor.serialize(errorTree(form, problem, true)) };
  },
};

function parseCbor(body: Buffer): unknown {
  try {
    return cbor.deserialize(body);
  } catch {
    throw serializationError('The request body is not valid CBOR');
  }
}

function headersOf(requestId: string): Record<string, string> {
  return { 'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor', 'x-amzn-requestid': requestId };
}
