import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Clock } from '../../base/clock.ts';

/** How long the processes of a terminal may take to end once it was hung up. */
const graceMs = 2_000;
const lookEveryMs = 20;

/**
 * Ends a program that was run in a container's terminal, and all that it started there: its terminal is hung up, and what
 * is still there after a moment is killed. Does nothing unless the process is one of that container's, on this machine.
 */
export async function hangUp(pid: number, containerPid: number, clock: Clock): Promise<void> {
  if (pid <= 0 || !sameNamespace(pid, containerPid)) return;
  signal(pid, 'SIGHUP');
  const deadline = clock.now() + graceMs;
  while (membersOf(pid).length > 0) {
    if (clock.now() >= deadline) {
      for (const member of membersOf(pid)) signal(member, 'SIGKILL');
      return;
    }
    await clock.sleep(lookEveryMs);
  }
}

function sameNamespace(pid: number, containerPid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`) === readlinkSync(`/proc/${containerPid}/ns/pid`);
  } catch {
    // One of them is no more.
    return false;
  }
}

/** The living processes of the session that `leader` began (setsid(2)): a terminal's processes are one. */
function membersOf(leader: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
        // The name, in brackets, may hold anything (proc(5)).
        const [state, , , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return state !== 'Z' && Number(session) === leader;
      } catch {
        return false;
      }
    });
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended.
  }
}
