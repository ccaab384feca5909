/** A hook that has not answered by then has failed ("Lambda hooks for Amazon ECS service deployments": a function may take as long). */
const longestMs = 15 * 60_000;

/**
 * Calls a hook or a rotation function by its URL: a POST of the event, answered as a Lambda function would answer it, or with nothing
 * (docs/decisions/0020, 0023 and 0029). An answer that is no JSON is as good as none.
 */
export async function callHook(target: string, event: object): Promise<unknown> {
  const response = await fetch(target, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(event),
    signal: AbortSignal.timeout(longestMs),
  });
  if (!response.ok) throw new Error(`status ${response.status}`);
  const text = await response.text();
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
