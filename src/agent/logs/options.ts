import { strftimePattern } from './strftime.ts';

/** Where and how the output of one container is delivered to CloudWatch Logs. */
export interface LogTarget {
  readonly region: string;
  readonly account: string;
  readonly logGroup: string;
  readonly logStream: string;
  readonly createGroup: boolean;
  /** `mode: blocking`: the container is held up while what it wrote waits for delivery. */
  readonly blocking: boolean;
  /** A line that matches begins a new event; absent: every line is one. */
  readonly eventStart?: RegExp;
}

/** What names a container's stream. */
export interface LogSubject {
  readonly region: string;
  readonly account: string;
  readonly taskId: string;
  readonly container: string;
  /** The engine's id of the container: the stream's name where there is no prefix. */
  readonly runtimeId: string;
}

const known = new Set([
  'awslogs-group',
  'awslogs-region',
  'awslogs-stream-prefix',
  'awslogs-stream',
  'awslogs-create-group',
  'awslogs-multiline-pattern',
  'awslogs-datetime-format',
  'mode',
  'max-buffer-size',
]);

/**
 * Why a container's `awslogs` options cannot be used, in the words of Docker's driver; `undefined` when they can
 * ("Amazon CloudWatch Logs logging driver", Docker documentation; "Using the awslogs driver", ECS Developer Guide).
 */
export function awslogsProblem(options: Readonly<Record<string, string>>): string | undefined {
  const unknown = Object.keys(options).find((name) => !known.has(name));
  if (unknown !== undefined) return `unknown log opt '${unknown}' for awslogs log driver`;
  if ((options['awslogs-group'] ?? '') === '') return `must specify a value for log opt 'awslogs-group'`;
  const create = options['awslogs-create-group'];
  if (create !== undefined && !/^(true|false|t|f|0|1)$/i.test(create)) {
    return `must specify valid value for log opt 'awslogs-create-group': ${create}`;
  }
  const { mode } = options;
  if (mode !== undefined && mode !== 'blocking' && mode !== 'non-blocking') {
    return `logging mode "${mode}" is not supported: use blocking or non-blocking`;
  }
  const size = options['max-buffer-size'];
  if (size !== undefined && mode !== 'non-blocking') {
    return `logger: max-buffer-size option is only supported with 'mode=non-blocking'`;
  }
  if (size !== undefined && !/^\d+(\.\d+)?\s?[kmg]?b?$/i.test(size)) {
    return `error parsing option max-buffer-size: invalid size: '${size}'`;
  }
  const multiline = options['awslogs-multiline-pattern'];
  const datetime = options['awslogs-datetime-format'];
  if (multiline !== undefined && datetime !== undefined) {
    return `you cannot configure log opt 'awslogs-datetime-format' and 'awslogs-multiline-pattern' at the same time`;
  }
  if (multiline === undefined) return undefined;
  try {
    expression(multiline);
    return undefined;
  } catch {
    return `awslogs could not parse multiline pattern key "${multiline}"`;
  }
}

/** A pattern in the syntax of Go, whose flags stand before it: `(?i)error`. */
function expression(pattern: string): RegExp {
  const flags = /^\(\?([ims]+)\)/.exec(pattern);
  return flags === null ? new RegExp(pattern) : new RegExp(pattern.slice(flags[0].length), flags[1]);
}

/** Reads options in which `awslogsProblem` finds nothing. */
export function logTarget(options: Readonly<Record<string, string>>, subject: LogSubject): LogTarget {
  const prefix = options['awslogs-stream-prefix'];
  const multiline = options['awslogs-multiline-pattern'];
  const datetime = options['awslogs-datetime-format'];
  const eventStart =
    multiline !== undefined
      ? expression(multiline)
      : datetime !== undefined
        ? new RegExp(strftimePattern(datetime))
        : undefined;
  return {
    region: options['awslogs-region'] ?? subject.region,
    account: subject.account,
    logGroup: options['awslogs-group'] ?? '',
    logStream:
      prefix !== undefined
        ? `${prefix}/${subject.container}/${subject.taskId}`
        : (options['awslogs-stream'] ?? subject.runtimeId),
    createGroup: /^(true|t|1)$/i.test(options['awslogs-create-group'] ?? ''),
    blocking: options['mode'] === 'blocking',
    ...(eventStart === undefined ? {} : { eventStart }),
  };
}

/**
 * The engine's log driver behind `awslogs`: a file of bounded size that outlives this process, from which lines are
 * delivered. `max-buffer-size` bounds what may wait in it, as it bounds the buffer of `mode: non-blocking` on ECS. In
 * `mode: blocking` the file has room for what a container writes until it is held up.
 */
export function logFileConfig(options: Readonly<Record<string, string>> | undefined): Record<string, unknown> {
  const size = options?.['max-buffer-size']?.toLowerCase().replace(/[\sb]/g, '');
  const usual = options?.['mode'] === 'blocking' ? '128m' : '32m';
  return { Type: 'json-file', Config: { 'max-size': size ?? usual, 'max-file': '2' } };
}
