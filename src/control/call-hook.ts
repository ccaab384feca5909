/** Calls what a lifecycle hook or a rotation function is, and answers what it said. Rejects where it cannot be called. */
export type CallHook = (target: string, event: object) => Promise<unknown>;
