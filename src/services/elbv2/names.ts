import { elbErrors } from './errors.ts';

/** Checks the name of a load balancer or target group: 32 letters, digits and hyphens, no hyphen at either end. */
export function checkName(name: string | undefined, of: 'Load balancer' | 'Target group'): string {
  const what = of === 'Load balancer' ? `The load balancer name '${name ?? ''}'` : `Target group name '${name ?? ''}'`;
  if (name === undefined || name === '') throw elbErrors.validation(`${of} name cannot be empty`);
  if (name.length > 32) throw elbErrors.validation(`${what} cannot be longer than '32' characters`);
  if (!/^[A-Za-z0-9-]+$/.test(name)) {
    throw elbErrors.validation(`${what} can only contain characters that are alphanumeric characters and hyphens(-)`);
  }
  if (name.startsWith('-') || name.endsWith('-')) throw elbErrors.validation(`${what} cannot begin or end with '-'`);
  if (of === 'Load balancer' && name.startsWith('internal-')) {
    throw elbErrors.validation(`${what} cannot begin with 'internal-'`);
  }
  return name;
}
