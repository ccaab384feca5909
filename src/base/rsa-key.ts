import { createHash, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';

/**
 * A new RSA key of 2048 bits: the private key as PEM (PKCS #1), the SHA-1 of its DER form (PKCS #8), as EC2 fingerprints it, and the
 * public key in OpenSSH's form.
 */
export function newRsaKey(): { readonly pem: string; readonly fingerprint: string; readonly publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    publicKey: sshRsa(publicKey),
    pem: privateKey.export({ type: 'pkcs1', format: 'pem' }).toString().trimEnd(),
    fingerprint: colons(
      createHash('sha1')
        .update(privateKey.export({ type: 'pkcs8', format: 'der' }))
        .digest('hex'),
    ),
  };
}

/**
 * What EC2 calls the fingerprint of an imported public key in OpenSSH's form: MD5 of the DER form of an RSA key, SHA-256 of an Ed25519
 * one. `undefined` when the text is no such key.
 */
export function publicKeyFingerprint(
  text: string,
): { readonly type: 'rsa' | 'ed25519'; readonly fingerprint: string } | undefined {
  const [, kind, encoded] = /^\s*(ssh-rsa|ssh-ed25519)\s+([A-Za-z0-9+/]+=*)/.exec(text) ?? [];
  if (kind === undefined || encoded === undefined) return undefined;
  const blob = Buffer.from(encoded, 'base64');
  const parts: Buffer[] = [];
  for (let at = 0; at + 4 <= blob.length;) {
    const length = blob.readUInt32BE(at);
    parts.push(blob.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  if (parts[0]?.toString() !== kind) return undefined;
  if (kind === 'ssh-ed25519') {
    return { type: 'ed25519', fingerprint: createHash('sha256').update(blob).digest('base64') };
  }
  try {
    const [, e, n] = parts.map((part) => part.toString('base64url'));
    const key = createPublicKey({ key: { kty: 'RSA', e: e ?? '', n: n ?? '' }, format: 'jwk' });
    const der = key.export({ type: 'spki', format: 'der' });
    return { type: 'rsa', fingerprint: colons(createHash('md5').update(der).digest('hex')) };
  } catch {
    return undefined;
  }
}

function colons(hex: string): string {
  return hex.match(/../g)?.join(':') ?? '';
}

/** RFC 4253, 6.6: the name, exponent and modulus, each after its length. */
function sshRsa(key: KeyObject): string {
  const { e = '', n = '' } = key.export({ format: 'jwk' });
  // An integer whose first bit is set would be negative.
  const parts = [
    Buffer.from('ssh-rsa'),
    Buffer.from(e, 'base64url'),
    Buffer.concat([Buffer.of(0), Buffer.from(n, 'base64url')]),
  ];
  const blob = parts.flatMap((part) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(part.length);
    return [length, part];
  });
  return `ssh-rsa ${Buffer.concat(blob).toString('base64')}`;
}
