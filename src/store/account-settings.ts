import { scopeOf, type Scoped } from '../model/tags.ts';
import type { Reader } from './store.ts';
import { accountSettings } from './tables/ecs.ts';

/** The principal under which the account's own settings are kept. */
export const accountPrincipal = 'default';

/** What was set for a principal, or for the account (`accountPrincipal`); `undefined` when nothing was. */
export function accountSetting(reader: Reader, scope: Scoped, principalArn: string, name: string): string | undefined {
  return reader.get(accountSettings, `${scopeOf(scope)}/${principalArn}/${name}`)?.value;
}
