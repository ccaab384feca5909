/** A statement of a policy, as far as it is judged here. */
interface Statement {
  readonly Effect?: string;
  readonly Action?: string | readonly string[];
  readonly NotAction?: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly NotResource?: unknown;
  readonly Condition?: unknown;
}

/**
 * What a set of policies says of an action, whatever it is done to ("Policy evaluation logic", IAM User Guide). Which resources a statement names
 * and under which conditions is not looked at: one that allows, allows; one that denies counts where it denies outright.
 */
export function judge(documents: readonly string[], action: string): 'allowed' | 'denied' | 'unmentioned' {
  const statements = documents.flatMap((document) => {
    const { Statement: said = [] } = JSON.parse(document) as { Statement?: Statement | readonly Statement[] };
    return [said].flat().filter((statement) => concerns(statement, action));
  });
  if (statements.some((one) => one.Effect === 'Deny' && isOutright(one))) return 'denied';
  return statements.some(({ Effect }) => Effect === 'Allow') ? 'allowed' : 'unmentioned';
}

function concerns({ Action, NotAction }: Statement, action: string): boolean {
  if (NotAction !== undefined) return ![NotAction].flat().some((pattern) => matches(pattern, action));
  return [Action ?? []].flat().some((pattern) => matches(pattern, action));
}

function isOutright({ Resource, NotResource, Condition }: Statement): boolean {
  return NotResource === undefined && Condition === undefined && [Resource ?? '*'].flat().includes('*');
}

/** `*` stands for any text, `?` for a character; case does not matter ("IAM JSON policy elements: Action"). */
function matches(pattern: string, action: string): boolean {
  const text = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${text}$`, 'i').test(action);
}
