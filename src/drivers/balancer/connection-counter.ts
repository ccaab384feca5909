import type { Connections } from './driver.ts';
import { askMaster, askWorker, parseProcesses } from './master-cli.ts';

/**
 * Counts the connections of a balancer from the figures of its workers, which begin at 0 with each: those of a worker that ended
 * since the last count are known up to there.
 */
export class ConnectionCounter {
  /** What each worker had made when it was asked last. */
  #before: ReadonlyMap<number, number> | undefined;

  async count(masterSocket: string): Promise<Connections> {
    const { workers, oldWorkers } = parseProcesses(await askMaster(masterSocket, 'show proc'));
    const now = new Map<number, number>();
    let active = 0;
    let opened = 0;
    for (const pid of [...workers, ...oldWorkers]) {
      // One that ends at this moment has no connections.
      const figures = parseConnections(await askWorker(masterSocket, pid, 'show stat').catch(() => ''));
      active += figures.active;
      now.set(pid, figures.made);
      if (this.#before !== undefined) opened += Math.max(0, figures.made - (this.#before.get(pid) ?? 0));
    }
    this.#before = now;
    return { active, opened };
  }
}

/** Reads `show stat`: what listeners had of clients, and servers of us; not what health checks go through. */
export function parseConnections(csv: string): { readonly active: number; readonly made: number } {
  const [header = '', ...lines] = csv.split('\n');
  const columns = header.replace(/^# /, '').split(',');
  const at = (name: string): number => columns.indexOf(name);
  let active = 0;
  let made = 0;
  for (const line of lines) {
    const fields = line.split(',');
    const [proxy = '', server = ''] = [fields[at('pxname')], fields[at('svname')]];
    const number = (name: string): number => Number(fields[at(name)] ?? 0);
    if (server === 'FRONTEND' && proxy.startsWith('listener_')) {
      active += number('scur');
      made += number('conn_tot');
    } else if (server === 'BACKEND' && proxy.startsWith('tg_')) {
      active += number('scur');
      made += number('connect');
    }
  }
  return { active, made };
}
