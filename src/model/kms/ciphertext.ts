/** What a ciphertext says of how it was made. */
export interface Ciphertext {
  readonly keyId: string;
  /** Which generation of the key's material: 0 is the first. */
  readonly generation: number;
  readonly iv: Buffer;
  readonly tag: Buffer;
  readonly data: Buffer;
}

/** Begins every ciphertext, and with it the base64 text: `AQIC`, as AWS's do. */
const magic = Buffer.from([1, 2, 2, 1]);
const keyBytes = 16;
const ivBytes = 12;
const tagBytes = 16;
const headBytes = magic.length + keyBytes + 2;

/** The bytes of a ciphertext: which key made it stands in clear at its beginning, so that Decrypt need not be told. */
export function writeCiphertext({ iv, tag, data, ...made }: Ciphertext): Buffer {
  return Buffer.concat([headOf(made), iv, tag, data]);
}

/** Reads a ciphertext; `undefined` when it is none of ours. */
export function readCiphertext(blob: Uint8Array): Ciphertext | undefined {
  const bytes = Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength);
  if (bytes.length < headBytes + ivBytes + tagBytes || !bytes.subarray(0, magic.length).equals(magic)) return undefined;
  const hex = bytes.toString('hex', magic.length, magic.length + keyBytes);
  const at = (from: number, length: number): Buffer => bytes.subarray(from, from + length);
  return {
    keyId: hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
    generation: bytes.readUInt16BE(magic.length + keyBytes),
    iv: at(headBytes, ivBytes),
    tag: at(headBytes + ivBytes, tagBytes),
    data: bytes.subarray(headBytes + ivBytes + tagBytes),
  };
}

/**
 * What is authenticated beside the plaintext: the ciphertext's head and the encryption context, whose pairs may come in any
 * order ("Encryption context", KMS Developer Guide).
 */
export function authenticated(
  made: Pick<Ciphertext, 'keyId' | 'generation'>,
  context: Readonly<Record<string, string>>,
): Buffer {
  const pairs = Object.entries(context).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.concat([headOf(made), ...pairs.flat().map(withLength)]);
}

function headOf({ keyId, generation }: Pick<Ciphertext, 'keyId' | 'generation'>): Buffer {
  const number = Buffer.alloc(2);
  number.writeUInt16BE(generation);
  return Buffer.concat([magic, Buffer.from(keyId.replaceAll('-', ''), 'hex'), number]);
}

function withLength(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
