import type { Ids } from '../base/ids.ts';
import { ChannelCipher, dataKeyBytes } from './channel-cipher.ts';
import { jsonOf } from './client-message.ts';

/** The key of KMS that a channel's bytes are encrypted with. */
export interface ChannelEncryption {
  /** As the cluster names it: an id, an ARN or an alias. The client asks KMS for a data key of it. */
  readonly keyId: string;
  /** The data key in what KMS gave the client; throws what KMS says when it cannot be decrypted. */
  openDataKey(ciphertext: Uint8Array): Buffer;
}

/** What a handshake is made from. */
export interface HandshakeOptions {
  readonly ids: Ids;
  readonly sessionType: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly encryption: ChannelEncryption | undefined;
}

/** The handshake failed; the message is the SSM agent's. */
export class HandshakeError extends Error {
  override readonly name = 'HandshakeError';
}

/** An agent whose port sessions are multiplexed, without keep-alives that would pass for activity. */
const agentVersion = '3.3.0.0';
const challengeBytes = 64;

interface Processed {
  readonly ActionType?: string;
  readonly ActionStatus?: number;
  readonly ActionResult?: { readonly KMSCipherTextKey?: unknown } | null;
  readonly Error?: string;
}

/**
 * The agent's part of a data channel's handshake, without the channel: what it says, and what it makes of the answers
 * (`PerformHandshake` of the SSM agent, `datachannel.go`). A channel that is to be encrypted is so once the client has
 * answered a challenge.
 */
export class Handshake {
  readonly #options: HandshakeOptions;
  #clientVersion = '';
  #cipher: ChannelCipher | undefined;
  #challenge: Buffer | undefined;

  constructor(options: HandshakeOptions) {
    this.#options = options;
  }

  /** The payload of the HandshakeRequest. */
  get request(): unknown {
    const { sessionType, properties, encryption } = this.#options;
    const actions: unknown[] = [
      { ActionType: 'SessionType', ActionParameters: { SessionType: sessionType, Properties: properties } },
    ];
    if (encryption !== undefined) {
      actions.push({ ActionType: 'KMSEncryption', ActionParameters: { KMSKeyId: encryption.keyId } });
    }
    return { AgentVersion: agentVersion, RequestedClientActions: actions };
  }

  /** What the client says it is; empty before its answer. */
  get clientVersion(): string {
    return this.#clientVersion;
  }

  /** What encrypts the channel from the end of the handshake on; `undefined` when nothing does. */
  get cipher(): ChannelCipher | undefined {
    return this.#cipher;
  }

  /** What the client prints when the handshake is done. */
  get customerMessage(): string {
    return this.#cipher === undefined ? '' : 'This session is encrypted using AWS KMS.';
  }

  /** Takes the HandshakeResponse; answers the payload of a challenge that is to be met first. Throws `HandshakeError`. */
  answered(payload: Uint8Array): { readonly Challenge: string } | undefined {
    const { ClientVersion: version, ProcessedClientActions: given } = jsonOf(payload) ?? {};
    this.#clientVersion = typeof version === 'string' ? version : '';
    const processed = (Array.isArray(given) ? given : []) as readonly Processed[];
    for (const { ActionType, ActionStatus, Error: error } of processed) {
      if (ActionStatus === 1) continue;
      throw new HandshakeError(`${ActionType} failed on client with status ${ActionStatus} error: ${error}`);
    }
    const need = (type: string): Processed => {
      const found = processed.find(({ ActionType }) => ActionType === type);
      if (found === undefined) throw new HandshakeError(`${type} was not processed by the client`);
      return found;
    };
    need('SessionType');
    if (this.#options.encryption === undefined) return undefined;
    return this.#challengeWith(this.#options.encryption, need('KMSEncryption'));
  }

  /** Takes the client's answer to the challenge. Throws `HandshakeError`. */
  met(payload: Uint8Array): void {
    const answer = jsonOf(payload)?.['Challenge'];
    const sealed = Buffer.from(typeof answer === 'string' ? answer : '', 'base64');
    const met = this.#cipher?.decrypt(sealed);
    if (met !== undefined && this.#challenge !== undefined && met.equals(this.#challenge)) return;
    throw new HandshakeError('Encryption challenge does not match!');
  }

  #challengeWith(encryption: ChannelEncryption, { ActionResult }: Processed): { readonly Challenge: string } {
    const { ids } = this.#options;
    const blob = ActionResult?.KMSCipherTextKey;
    const failed = (why: string): HandshakeError =>
      new HandshakeError(`Fetching data key failed: Unable to retrieve data key, ${why}`);
    let dataKey: Buffer;
    try {
      dataKey = encryption.openDataKey(Buffer.from(typeof blob === 'string' ? blob : '', 'base64'));
    } catch (error) {
      throw failed(`Error when decrypting data key ${(error as Error).message}`);
    }
    if (dataKey.length !== dataKeyBytes) throw failed(`it has ${dataKey.length} bytes, and not ${dataKeyBytes}`);
    this.#cipher = new ChannelCipher(dataKey, 'agent', ids);
    this.#challenge = Buffer.from(ids.hex(challengeBytes * 2), 'hex');
    return { Challenge: this.#cipher.encrypt(this.#challenge).toString('base64') };
  }
}
