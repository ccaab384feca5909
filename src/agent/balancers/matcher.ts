/** Whether a status code is one of a matcher's: codes and ranges with commas between, `200,202,300-399` ("Matcher", ELB API). */
export function matches(matcher: string, code: number): boolean {
  return matcher.split(',').some((part) => {
    const [low = '', high = low] = part.trim().split('-');
    return code >= Number(low) && code <= Number(high);
  });
}
