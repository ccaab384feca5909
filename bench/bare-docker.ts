import { Agent, request } from 'node:http';
import { nowMs } from './report.ts';

const agent = new Agent({ keepAlive: true });

function call(method: string, path: string, body?: unknown): Promise<{ Id?: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ Id?: string }>();
  const socketPath = (process.env['DOCKER_HOST'] || 'unix:///var/run/docker.sock').replace('unix://', '');
  const asked = request(
    { socketPath, agent, method, path, headers: { 'content-type': 'application/json' } },
    (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      answer.on('end', () => {
        if ((answer.statusCode ?? 500) >= 400) reject(new Error(`${method} ${path}: ${text}`));
        else resolve(text === '' ? {} : (JSON.parse(text) as { Id?: string }));
      });
    },
  );
  asked.on('error', reject);
  asked.end(body === undefined ? undefined : JSON.stringify(body));
  return promise;
}

/**
 * Milliseconds to create and start, by nothing but the engine's API, the containers of `count` one-container awsvpc
 * tasks: one that holds a network namespace and one that joins it. Four at a time, which is as fast as two cores go.
 */
export async function bareContainers(image: string, count: number): Promise<number> {
  const made: string[] = [];
  let next = 0;
  const startedAt = nowMs();
  const make = async (hostConfig: Record<string, unknown>): Promise<string> => {
    const { Id: id = '' } = await call('POST', '/containers/create', {
      Image: image,
      HostConfig: hostConfig,
      Labels: { 'stowage.bench': '1' },
    });
    made.push(id);
    await call('POST', `/containers/${id}/start`);
    return id;
  };
  await Promise.all(
    Array.from({ length: Math.min(4, count) }, async () => {
      while (next < count) {
        next += 1;
        const holder = await make({ NetworkMode: 'none' });
        await make({ NetworkMode: `container:${holder}` });
      }
    }),
  );
  const elapsed = nowMs() - startedAt;
  await Promise.all(made.map((id) => call('DELETE', `/containers/${id}?force=true&v=true`)));
  return elapsed;
}
