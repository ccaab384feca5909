import type { Connections } from './driver.ts';
import { askMaster, askWorker, parseProcesses } from './master-cli.ts';

/** What a worker has counted since it began: `open` is of now. */
interface Figures {
  readonly open: number;
  /** Of those, how many are to targets. */
  readonly toTargets: number;
  readonly made: number;
  /** Failed handshakes with clients, by the address. */
  readonly tlsErrors: Readonly<Record<string, number>>;
  readonly targetTlsErrors: number;
}

const none: Figures = { open: 0, toTargets: 0, made: 0, tlsErrors: {}, targetTlsErrors: 0 };

/**
 * Counts the connections of a balancer from the figures of its workers, which begin at 0 with each: those of a worker that ended
 * since the last count are known up to there.
 */
export class ConnectionCounter {
  /** What each worker had when it was asked last. */
  #before: ReadonlyMap<number, Figures> | undefined;

  async count(masterSocket: string): Promise<Connections> {
    const { workers, oldWorkers } = parseProcesses(await askMaster(masterSocket, 'show proc'));
    const now = new Map<number, Figures>();
    let [active, opened, targetTlsErrors] = [0, 0, 0];
    const tlsErrors = new Map<string, number>();
    for (const pid of [...workers, ...oldWorkers]) {
      // One that ends at this moment has no connections.
      const figures = parseConnections(await askWorker(masterSocket, pid, 'show stat').catch(() => ''));
      active += figures.open;
      now.set(pid, figures);
      if (this.#before === undefined) continue;
      const before = this.#before.get(pid) ?? none;
      opened += Math.max(0, figures.made - before.made);
      targetTlsErrors += Math.max(0, figures.targetTlsErrors - before.targetTlsErrors);
      for (const [address, count] of Object.entries(figures.tlsErrors)) {
        const more = Math.max(0, count - (before.tlsErrors[address] ?? 0));
        tlsErrors.set(address, (tlsErrors.get(address) ?? 0) + more);
      }
    }
    this.#before = now;
    return {
      active,
      opened,
      tlsErrors: Array.from(tlsErrors, ([address, count]) => ({ address, count })),
      targetTlsErrors,
    };
  }
}

/** Reads `show stat`: what listeners had of clients, and servers of us; not what health checks go through. */
export function parseConnections(csv: string): Figures {
  const [header = '', ...lines] = csv.split('\n');
  const columns = header.replace(/^# /, '').split(',');
  const at = (name: string): number => columns.indexOf(name);
  let [open, toTargets, made, targetTlsErrors] = [0, 0, 0, 0];
  const tlsErrors: Record<string, number> = {};
  for (const line of lines) {
    const fields = line.split(',');
    const [proxy = '', server = ''] = [fields[at('pxname')], fields[at('svname')]];
    const number = (name: string): number => Number(fields[at(name)] ?? 0);
    if (server === 'FRONTEND' && proxy.startsWith('listener_')) {
      open += number('scur');
      made += number('conn_tot');
    } else if (server === 'BACKEND' && proxy.startsWith('tg_')) {
      open += number('scur');
      toTargets += number('scur');
      made += number('connect');
    } else if (proxy.startsWith('tg_')) {
      targetTlsErrors += number('ssl_failed_handshake');
    } else if (proxy.startsWith('listener_')) {
      // A listening socket is named after its address.
      tlsErrors[server] = (tlsErrors[server] ?? 0) + number('ssl_failed_handshake');
    }
  }
  return { open, toTargets, made, tlsErrors, targetTlsErrors };
}
