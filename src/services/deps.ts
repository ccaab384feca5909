import type { Clock } from '../base/clock.ts';
import type { Ids } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import type { InstanceIdentitySource } from '../store/certificates/instance-identity.ts';
import type { Store } from '../store/store.ts';

/** What every service is made from. Each exports `<service>Handlers(deps)` from `src/services/<service>/handlers.ts`. */
export interface ServiceDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  /** Vouches for instance identity documents; absent where nobody shows one. */
  readonly instanceIdentity?: InstanceIdentitySource;
  /** The range public addresses come from, a CIDR of this installation's own. */
  readonly publicPool: string;
}
