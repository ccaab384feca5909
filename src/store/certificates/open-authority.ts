import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import type { Ids } from '../../base/ids.ts';
import { writeSecretFile } from '../keys/secret-file.ts';
import type { CertificateAuthority } from './authority.ts';

/** The file in the installation's home that holds the authority's key and its root certificate. */
export const authorityFile = 'authority.pem';

/** Answers the installation's certificate authority. */
export type AuthoritySource = () => Promise<CertificateAuthority>;

/**
 * The certificate authority of an installation, made when it is first asked for. It lies beside the rows and outlives a reset:
 * whoever trusts its root need not do so again.
 */
export function authorityOf({ home, clock, ids }: { home: string; clock: Clock; ids: Ids }): AuthoritySource {
  const path = join(home, authorityFile);
  const open = async (): Promise<CertificateAuthority> => {
    const { CertificateAuthority } = await import('./authority.ts');
    if (existsSync(path)) {
      // Somebody may have copied it back with other rights.
      chmodSync(path, 0o600);
      return CertificateAuthority.open(clock, ids, readFileSync(path, 'utf8'));
    }
    const { authority, text } = await CertificateAuthority.make(clock, ids, `Stowage authority ${ids.hex(8)}`);
    writeSecretFile(path, text);
    return authority;
  };
  let opened: Promise<CertificateAuthority> | undefined;
  return () => {
    opened ??= open().catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };
}
