import type { Ids } from '../base/ids.ts';
import type { Session } from '../model/ssm/session.ts';
import { faultOf } from '../store/keys/identify-key.ts';
import type { Vault } from '../store/keys/vault.ts';
import type { Reader } from '../store/store.ts';
import type { ChannelEncryption } from './handshake.ts';

/**
 * By which a session's channel is encrypted, where its cluster names a key. Of KMS the agent decrypts, in the task's account and region, what
 * the client was given for this session and this target ("Using a custom AWS KMS key with ECS Exec", ECS Developer Guide).
 */
export function sessionEncryption(
  deps: { readonly store: Reader; readonly vault: Vault; readonly ids: Ids },
  session: Session,
): ChannelEncryption | undefined {
  const { kmsKeyId } = session;
  if (kmsKeyId === undefined) return undefined;
  const { store, vault, ids } = deps;
  // An error as the agent's SDK words it.
  const said = (code: string, message: string): Error =>
    new Error(`${code}: ${message}\n\tstatus code: 400, request id: ${ids.uuid()}`);
  return {
    keyId: kmsKeyId,
    openDataKey(ciphertext) {
      const context = { 'aws:ssm:SessionId': session.id, 'aws:ssm:TargetId': session.target };
      const opened = vault.decrypt(store, session, ciphertext, context);
      if (opened === 'invalid') throw said('InvalidCiphertextException', '');
      if (opened === 'no-key') {
        throw said(
          'AccessDeniedException',
          'The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.',
        );
      }
      const fault = faultOf(opened.key, 'ENCRYPT_DECRYPT', 'Decrypt');
      if (fault !== undefined) throw said(fault.code, fault.message);
      return opened.plaintext;
    },
  };
}
