import type { TaskView } from '../tasks/view.ts';
import { noSuchPage, wrongMethod, type Answer } from './answer.ts';
import { credentials } from './credentials.ts';
import { Faults, type FaultDeps } from './faults.ts';
import { findContainer, tasksOf, type Asker } from './lookup.ts';
import { version2, version3, version4, type MetadataRequest, type MetadataSources } from './metadata-requests.ts';
import { taskProtection } from './task-protection.ts';
import { Throttle, tooMany } from './throttle.ts';

/** What requests are answered from. */
export interface RequestDeps extends MetadataSources, FaultDeps {
  readonly tasks: () => readonly TaskView[];
  readonly zoneOf: (task: TaskView) => string | undefined;
}

/** A request as it came. */
export interface TaskRequest {
  readonly asker: Asker;
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: string;
}

/** `ECS_TASK_METADATA_RPS_LIMIT`'s default: steady and burst ("Amazon ECS container agent configuration"). */
const requestRate = { perSecond: 40, burst: 60 };

/** Makes what answers the requests of tasks: metadata of all versions, credentials, the agent's own API. */
export function answerRequests(deps: RequestDeps): (request: TaskRequest) => Promise<Answer> {
  const throttle = new Throttle(requestRate, deps.clock);
  const faults = new Faults(deps);
  return async ({ asker, path, query, method, body }) => {
    const caller = `${asker.vpcId} ${asker.address}`;
    if (!throttle.take(caller)) return tooMany;
    const own = tasksOf(deps.tasks(), asker);
    const request: MetadataRequest = { asker, own, zoneOf: deps.zoneOf };
    const [, version = '', rest = ''] = /^\/(v[1-4]|api)(\/.*)$/.exec(path) ?? [];
    switch (version) {
      case 'v1':
        return rest === '/credentials' ? credentials(1, own, query.get('id') ?? '') : noSuchPage;
      case 'v2': {
        const [, what, slash, id = ''] = /^\/([^/]+)(?:(\/)(.*))?$/.exec(rest) ?? [];
        if (what === 'credentials' && slash !== undefined) return credentials(2, own, id);
        if (what !== 'metadata' && what !== 'metadataWithTags' && what !== 'stats') return noSuchPage;
        return version2(deps, request, what, id);
      }
      case 'v3':
      case 'v4': {
        const [, id, below = ''] = /^\/([^/]*)(\/.*)?$/.exec(rest) ?? [];
        if (id === undefined) return noSuchPage;
        const answer = await (version === 'v3' ? version3 : version4)(deps, request, id, below);
        return answer.body === undefined ? noSuchPage : answer;
      }
      case 'api': {
        const [, id = '', below = ''] = /^\/([^/]*)(\/.*)$/.exec(rest) ?? [];
        const task = findContainer(deps.installationId, own, id)?.task;
        if (below.startsWith('/fault/v1/')) {
          return faults.answer({ path: below.slice('/fault/v1/'.length), method, body, id, task, caller });
        }
        if (below !== '/task-protection/v1/state') return noSuchPage;
        if (method !== 'GET' && method !== 'PUT') return wrongMethod;
        return taskProtection(deps, task, method, body);
      }
      default:
        return noSuchPage;
    }
  };
}
