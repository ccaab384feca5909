import { readFileSync } from 'node:fs';

/** `CAP_SYS_RESOURCE`, with which a process may raise its limits (capabilities(7)). */
const raisesLimits = 1n << 24n;

/** The most open files that a process of this machine can be allowed, where it cannot be raised. */
export function openFiles(): number | undefined {
  const bounds = /^CapBnd:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  if ((BigInt(`0x${bounds}`) & raisesLimits) !== 0n) return undefined;
  const hard = /^Max open files\s+\S+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  return hard === undefined ? undefined : Number(hard);
}
