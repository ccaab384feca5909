import { totalmem } from 'node:os';

/** What a pause container that waits takes: its shim's own memory, and what the engine keeps of it. */
const bytesEach = 4 * 2 ** 20;

/** The part of a machine's memory that containers which wait for tasks may take. */
const share = 0.02;

/**
 * How many pause containers may wait for tasks: `STOWAGE_WARM_SANDBOXES`, or as many as a fiftieth of the memory holds, up to
 * a hundred. Throws when the variable is no number.
 */
export function mostSandboxes(env: NodeJS.ProcessEnv = process.env, memoryBytes = totalmem()): number {
  const given = env['STOWAGE_WARM_SANDBOXES'];
  if (given === undefined || given === '') return Math.min(100, Math.floor((memoryBytes * share) / bytesEach));
  if (!/^\d{1,4}$/.test(given)) throw new Error(`STOWAGE_WARM_SANDBOXES=${given} is no number: 0 makes none ahead`);
  return Number(given);
}
