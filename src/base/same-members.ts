/** Whether two flat values have the same members; arrays inside are compared as JSON. */
export function sameMembers(a: object, b: object): boolean {
  const [left, right] = [Object.entries(a), new Map<string, unknown>(Object.entries(b))];
  return (
    left.length === right.size &&
    left.every(([name, value]) => {
      const other = right.get(name);
      return value === other || (Array.isArray(value) && JSON.stringify(value) === JSON.stringify(other));
    })
  );
}
