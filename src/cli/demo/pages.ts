import { request } from '../../base/http.ts';
import { messageOf } from '../../base/errors.ts';
import { eventually } from '../control-plane-client.ts';

/** Fetches the page until `count` different tasks have made it. */
export async function pagesFrom(url: string, count: number): Promise<string[]> {
  const seen = new Set<string>();
  let last = '';
  const enough = await eventually(60_000, async () => {
    last = await fetchPage(url).catch(messageOf);
    const address = /<b>([\d.]+)<\/b>/.exec(last)?.[1];
    if (address !== undefined) seen.add(address);
    return seen.size >= count ? true : undefined;
  });
  if (enough === undefined)
    throw new Error(`${url} was answered by ${seen.size} tasks instead of ${count}; the last answer: ${last}`);
  return [...seen];
}

function fetchPage(url: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  // A connection of its own for each page, so that nothing but the balancer chooses the task.
  const asked = request(url, { agent: false, timeout: 5000 }, (answer) => {
    let body = '';
    answer.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    answer.on('end', () => resolve(body));
  });
  asked.on('timeout', () => asked.destroy(new Error('no answer within 5 s')));
  asked.on('error', reject);
  asked.end();
  return promise;
}
