/** A tag as most services spell it in their rows; each service translates at its edge (`Key`/`key`). */
export interface Tag {
  readonly key: string;
  readonly value: string;
}

/** Where a resource lives: every row carries these two, and `scopeOf` of them is the usual index. */
export interface Scoped {
  readonly account: string;
  readonly region: string;
}

/** The index value of an account and region. */
export function scopeOf(row: Scoped): string {
  return `${row.account}/${row.region}`;
}
