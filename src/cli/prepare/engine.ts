import { request } from '../../base/http.ts';

/** A container engine that answers. */
export interface RunningEngine {
  readonly version: string;
  /** The kernel it runs on, `uname -r`. */
  readonly kernel: string;
}

/** The engine that answers on DOCKER_HOST's socket (or the usual one), or `undefined` when none does. */
export function engineAnswers(env: NodeJS.ProcessEnv = process.env): Promise<RunningEngine | undefined> {
  const { promise, resolve } = Promise.withResolvers<RunningEngine | undefined>();
  const socketPath = (env['DOCKER_HOST'] || 'unix:///var/run/docker.sock').replace(/^unix:\/\//, '');
  const asked = request({ socketPath, path: '/version', timeout: 3000 }, (answer) => {
    let body = '';
    answer.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    answer.on('end', () => {
      try {
        const { Version = '?', KernelVersion = '?' } = JSON.parse(body) as { Version?: string; KernelVersion?: string };
        resolve({ version: Version, kernel: KernelVersion });
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
