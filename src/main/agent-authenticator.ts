import type { Socket } from 'node:net';
import { describeFault, identify, type Authentication } from '../aws/authenticate.ts';
import { requestHead } from '../aws/request-head.ts';
import type { Clock } from '../base/clock.ts';
import type { AgentEndpointDeps } from '../fleet/agent-endpoint.ts';
import { agentPaths } from '../model/fleet/agent-paths.ts';

/**
 * Verifies what agents sign: requests to upgrade, and frames of telemetry, which are signed as if each were such a request with a
 * body. A key that was issued here is held to its signature even where callers of the APIs are not.
 */
export function agentAuthenticator(
  authentication: Authentication,
  isForeign: (connection: Socket) => boolean,
  clock: Clock,
): AgentEndpointDeps['authenticate'] {
  return ({ request, headers, content = '' }) => {
    const verify = authentication.verify || isForeign(request.socket);
    const head = requestHead(request, false);
    const found = identify({ ...authentication, verify, verifyIssued: true }, clock, {
      ...head,
      headers: headers ?? head.headers,
      body: Buffer.from(content),
    });
    if (typeof found === 'string') return describeFault(found);
    if (found.signed.service !== 'ecs') return describeFault('incomplete');
    const action = `ecs:${head.path.startsWith(agentPaths.telemetry) ? 'StartTelemetrySession' : 'Poll'}`;
    if (found.permits?.(action) === false) return `User: ${found.caller.arn} is not authorized to perform: ${action}`;
    return { account: found.caller.account, region: found.region };
  };
}
