/** `{ [name]: value }`, or nothing when the value is absent: what `exactOptionalPropertyTypes` asks of optional members. */
export function given<Name extends string, Value>(name: Name, value: Value | undefined): { [K in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { [K in Name]?: Value });
}
