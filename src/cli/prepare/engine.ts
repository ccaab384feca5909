import { request } from 'node:http';

/** The version of the engine that answers on DOCKER_HOST's socket (or the usual one), or `undefined` when none does. */
export function engineAnswers(env: NodeJS.ProcessEnv = process.env): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const socketPath = (env['DOCKER_HOST'] || 'unix:///var/run/docker.sock').replace(/^unix:\/\//, '');
  const asked = request({ socketPath, path: '/version', timeout: 3000 }, (answer) => {
    let body = '';
    answer.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    answer.on('end', () => {
      try {
        resolve((JSON.parse(body) as { Version?: string }).Version);
      } catch {
        resolve(undefined);
      }
    });
  });
  asked.on('timeout', () => asked.destroy());
  asked.on('error', () => resolve(undefined));
  asked.end();
  return promise;
}
