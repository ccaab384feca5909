import { engineApi } from './engine-api.ts';
import { nowMs } from './report.ts';

/** What it took. */
export interface BareContainers {
  readonly ms: number;
  /** CPU seconds of the processes that `cpuSeconds` is of; 0 without it. */
  readonly cpu: number;
}

/**
 * Time to create and start, by nothing but the engine's API, the containers of `count` one-container awsvpc
 * tasks: one that holds a network namespace and one that joins it. Four at a time, which is as fast as two cores go.
 */
export async function bareContainers(
  socket: string,
  image: string,
  count: number,
  cpuSeconds: () => Promise<number> = () => Promise.resolve(0),
): Promise<BareContainers> {
  const call = engineApi(socket);
  const made: string[] = [];
  let next = 0;
  const before = await cpuSeconds();
  const startedAt = nowMs();
  const make = async (hostConfig: Record<string, unknown>): Promise<string> => {
    const { Id: id = '' } = await call<{ Id?: string }>('POST', '/containers/create', {
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
  const ms = nowMs() - startedAt;
  const cpu = (await cpuSeconds()) - before;
  await Promise.all(made.map((id) => call('DELETE', `/containers/${id}?force=true&v=true`)));
  return { ms, cpu };
}
