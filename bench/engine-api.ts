import { Agent, request } from 'node:http';

/** Asks an engine: method, path, and what to send as JSON; answers what it answers. */
export type EngineApi = <Answer>(method: string, path: string, body?: unknown) => Promise<Answer>;

/** A client of an engine's API and no more than that: `unix:///path`. */
export function engineApi(socket: string): EngineApi {
  const agent = new Agent({ keepAlive: true });
  const socketPath = socket.replace('unix://', '');
  return <Answer>(method: string, path: string, body?: unknown) => {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const headers = { 'content-type': 'application/json' };
    const asked = request({ socketPath, agent, method, path, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      answer.on('end', () => {
        if ((answer.statusCode ?? 500) >= 400) reject(new Error(`${method} ${path}: ${text}`));
        else resolve((text === '' ? {} : JSON.parse(text)) as Answer);
      });
    });
    asked.on('error', reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
    return promise;
  };
}
