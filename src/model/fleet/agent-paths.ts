/**
 * Where the websockets of agents are, below the endpoint of the APIs: of sessions (ACS) and of what is measured (TCS). Agents add
 * `/ws` and a query.
 */
export const agentPaths = { control: '/acs', telemetry: '/tcs' } as const;
