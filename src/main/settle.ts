import { uncheckedSettleMs } from '../control/services/health.ts';

/**
 * How long a task of a service that nothing checks has to run before it counts as healthy, milliseconds: `STOWAGE_SETTLE_SECONDS`, or as
 * long as ECS waits. Throws when the variable is no number.
 */
export function settleMsOf(env: NodeJS.ProcessEnv = process.env): number {
  const given = env['STOWAGE_SETTLE_SECONDS'];
  if (given === undefined || given === '') return uncheckedSettleMs;
  if (!/^\d{1,4}$/.test(given)) throw new Error(`STOWAGE_SETTLE_SECONDS=${given} is no number of seconds`);
  return Number(given) * 1000;
}
