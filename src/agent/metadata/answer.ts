/** What a request to an endpoint inside a task is answered. */
export interface Answer {
  readonly status: number;
  /** Sent as JSON; a text answer is sent as it is. */
  readonly body: unknown;
  readonly text?: boolean;
}

/** An answer of JSON. */
export function json(status: number, body: unknown): Answer {
  return { status, body };
}

/** What the agent's router says of a path that it does not have. */
export const noSuchPage: Answer = { status: 404, body: '404 page not found\n', text: true };

/** The same of a path that it has for other methods only. */
export const wrongMethod: Answer = { status: 405, body: '', text: true };
