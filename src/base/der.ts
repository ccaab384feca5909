/** What little of the Distinguished Encoding Rules it takes to make certificates and signed messages (ITU-T X.690). */
function element(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content]);
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const digits = length.toString(16);
  const bytes = Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex');
  return Buffer.concat([Buffer.from([0x80 | bytes.length]), bytes]);
}

/** The values of ASN.1 that are needed, each encoded. */
export const der = {
  sequence: (...parts: readonly Uint8Array[]): Buffer => element(0x30, ...parts),
  set: (...parts: readonly Uint8Array[]): Buffer => element(0x31, ...parts),
  /** Positive, by its bytes. */
  integer: (bytes: Uint8Array): Buffer =>
    element(0x02, (bytes[0] ?? 0) > 0x7f ? Buffer.concat([Buffer.from([0]), bytes]) : bytes),
  null: (): Buffer => element(0x05),
  octets: (bytes: Uint8Array): Buffer => element(0x04, bytes),
  bits: (bytes: Uint8Array): Buffer => element(0x03, Buffer.from([0]), bytes),
  utf8: (text: string): Buffer => element(0x0c, Buffer.from(text)),
  /** A time, from ISO 8601, in the form that its year asks for (RFC 5280, 4.1.2.5). */
  time(iso: string): Buffer {
    const digits = iso.replaceAll(/[-:T]|\.\d+/g, '');
    return iso < '2050' ? element(0x17, Buffer.from(digits.slice(2))) : element(0x18, Buffer.from(digits));
  },
  /** A member `[number]` that is made of others. */
  tagged: (number: number, ...parts: readonly Uint8Array[]): Buffer => element(0xa0 | number, ...parts),
  /** `1.2.840.113549.1.1.11`. */
  oid(dotted: string): Buffer {
    const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
    const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
      const septets = [arc & 0x7f];
      for (let left = arc >>> 7; left > 0; left >>>= 7) septets.unshift((left & 0x7f) | 0x80);
      return septets;
    });
    return element(0x06, Buffer.from(bytes));
  },
};
