import { request } from '../../base/http.ts';

/** A container engine that answers. */
export interface RunningEngine {
  readonly version: string;
  /** The kernel it runs on, `uname -r`. */
  readonly kernel: string;
  /** The way in which its containers' user ids are not the machine's, where they are not: Stowage cannot work with it then. */
  readonly mapsUsers?: 'userns-remap' | 'rootless';
}

/** The engine that answers on DOCKER_HOST's socket (or the usual one), or `undefined` when none does. */
export async function engineAnswers(env: NodeJS.ProcessEnv = process.env): Promise<RunningEngine | undefined> {
  const about = await ask<{ Version?: string; KernelVersion?: string }>(env, '/version');
  if (about === undefined) return undefined;
  const { Version: version = '?', KernelVersion: kernel = '?' } = about;
  const info = await ask<{ SecurityOptions?: readonly string[] | null }>(env, '/info');
  // `name=userns`, `name=seccomp,profile=builtin` ("Get system information", Docker Engine API).
  const names = (info?.SecurityOptions ?? []).flatMap((option) => option.split(','));
  const mapsUsers = names.includes('name=rootless')
    ? 'rootless'
    : names.includes('name=userns')
      ? 'userns-remap'
      : undefined;
  return { version, kernel, ...(mapsUsers === undefined ? {} : { mapsUsers }) };
}

/** What the engine answers to a GET, as JSON; `undefined` when it does not. */
function ask<Answer>(env: NodeJS.ProcessEnv, path: string): Promise<Answer | undefined> {
  const { promise, resolve } = Promise.withResolvers<Answer | undefined>();
  const socketPath = (env['DOCKER_HOST'] || 'unix:///var/run/docker.sock').replace(/^unix:\/\//, '');
  const asked = request({ socketPath, path, timeout: 3000 }, (answer) => {
    let body = '';
    answer.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    answer.on('end', () => {
      try {
        resolve(JSON.parse(body) as Answer);
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
