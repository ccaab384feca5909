import type { Explanation, RefusalExplanation } from '../../main/views/explain.ts';
import type { InstanceExplanation } from '../../main/views/explain-instance.ts';
import type { ServiceExplanation } from '../../main/views/explain-service.ts';
import type { TaskExplanation, TaskPlace } from '../../main/views/explain-task.ts';
import { isoOf } from '../../base/clock.ts';
import { exclusionLines, instanceGauges, type Frame } from './fleet-picture.ts';
import { look, taskColumns, taskLines } from './task-lines.ts';
import { ageOf, cutLine, span, wrap, type Line, type Style } from './text.ts';

/** An explanation for a person. */
export function explainPicture(explanation: Explanation, frame: Frame): Line[] {
  return pictureOf(explanation, frame).map((line) => cutLine(line, frame.columns));
}

function pictureOf(explanation: Explanation, frame: Frame): Line[] {
  switch (explanation.kind) {
    case 'task':
      return taskPicture(explanation, frame);
    case 'service':
      return servicePicture(explanation, frame);
    case 'instance':
      return instancePicture(explanation, frame);
    case 'refusal':
      return refusalPicture(explanation, frame);
    default:
      return explanation satisfies never;
  }
}

function taskPicture(seen: TaskExplanation, frame: Frame): Line[] {
  const { task, stop } = seen;
  const { mark, style } = look(task);
  const since = seen.history.findLast(({ what }) => what === task.lastStatus)?.at ?? task.createdAt;
  const owner =
    seen.serviceName === undefined ? `started by ${seen.startedBy ?? 'hand'}` : `service ${seen.serviceName}`;
  return [
    [
      span(`${mark} `, style),
      span(`task ${task.id}`, 'bold'),
      span(`  ${task.lastStatus}`, style),
      span(` for ${ageOf(frame.now - since)}`, 'dim'),
    ],
    [
      span(
        `  ${task.taskDefinition} · ${owner} · ${seen.launchType} · cluster ${seen.cluster} (${seen.region})`,
        'dim',
      ),
    ],
    ...section('waits for', sentences(seen.waitsFor, frame, 'busy')),
    ...(stop === undefined
      ? []
      : section(task.lastStatus === 'STOPPED' ? 'stopped' : 'is to stop', [
          ...sentences([`${stop.code}: ${stop.reason}`], frame, 'bad'),
          ...sentences(stop.next, frame, 'plain', '→ '),
        ])),
    ...section('place', placeLines(seen.place, frame)),
    ...section(
      'history',
      seen.history.map(({ what, at }, index): Line => {
        const before = seen.history[index - 1]?.at;
        const after = before === undefined ? '' : `+${((at - before) / 1000).toFixed(1)} s`;
        return [span(`    ${timeOf(at)}`, 'dim'), span(`  ${what.padEnd(16)}`), span(after.padStart(10), 'dim')];
      }),
    ),
    ...section(
      'containers',
      seen.containers.flatMap((one): Line[] => {
        const ended = one.exitCode === undefined ? '' : ` with ${one.exitCode}`;
        const health = one.healthStatus === undefined || one.healthStatus === 'UNKNOWN' ? '' : ` ${one.healthStatus}`;
        return [
          [
            span(`    ${one.name}`),
            span(`  ${one.lastStatus}${ended}${health}`, containerStyle(one)),
            span(`  ${one.image}${one.essential ? '' : '  not essential'}`, 'dim'),
          ],
          ...(one.exitMeaning === undefined ? [] : indented(one.exitMeaning, frame, 6)),
          ...(one.reason === undefined ? [] : indented(one.reason, frame, 6, 'bad')),
        ];
      }),
    ),
    ...section('targets', targetLines(seen.targets)),
  ];
}

function containerStyle({ lastStatus, exitCode }: TaskExplanation['containers'][number]): Style {
  if (lastStatus === 'RUNNING') return 'good';
  if (lastStatus === 'PENDING') return 'busy';
  return exitCode === 0 ? 'dim' : 'bad';
}

function placeLines(place: TaskPlace, frame: Frame): Line[] {
  const zone = place.zone === undefined ? '' : ` in ${place.zone}`;
  if (place.on === 'nowhere') return sentences(['it has none yet'], frame);
  if (place.on === 'fargate') {
    const subnet =
      place.subnetId === undefined
        ? ''
        : `: ${place.subnetId} was the first with a free address of its subnets, by how few tasks of its kind their zones held`;
    return sentences([`Fargate, on machine ${place.machineId ?? '?'}${zone}${subnet}`], frame);
  }
  const instance = place.ec2InstanceId ?? place.containerInstanceId ?? '?';
  const { decision } = place;
  if (decision === undefined)
    return sentences([`${instance}${zone}: StartTask named it, or an earlier version chose it`], frame);
  const { considered, able, kinInZone, memoryFree, excluded, strategy } = decision;
  const why =
    able === 1
      ? 'it alone could take the task'
      : strategy !== undefined
        ? `it was chosen by ${strategy.join(', then ')}`
        : `no zone had fewer tasks of its kind (${kinInZone}), and there no instance more memory free (${memoryFree} MiB)`;
  return [
    ...sentences([`${instance}${zone}: ${able} of ${considered} instances could take it; ${why}`], frame),
    ...exclusionLines(excluded, () => undefined),
  ];
}

function servicePicture(seen: ServiceExplanation, frame: Frame): Line[] {
  const { desiredCount, runningCount, pendingCount, steadyAt, unplaced, backOff } = seen;
  const steady = steadyAt !== undefined;
  const pending = pendingCount > 0 ? `, ${pendingCount} pending` : '';
  const columns = taskColumns(seen.tasks, frame.columns);
  return [
    [
      span(steady ? '● ' : '○ ', steady ? 'good' : 'busy'),
      span(`service ${seen.name}`, 'bold'),
      span(`  ${seen.status}`, seen.status === 'ACTIVE' ? 'good' : 'leaving'),
      span(`  ${runningCount} of ${desiredCount} running${pending}`),
      steady ? span(`  steady for ${ageOf(frame.now - steadyAt)}`, 'dim') : span('  not steady', 'busy'),
    ],
    [span(`  cluster ${seen.cluster} (${seen.region})`, 'dim')],
    ...section('what keeps it from a steady state', [
      ...sentences(seen.blockers, frame, 'busy'),
      ...exclusionLines(unplaced?.excluded ?? [], () => undefined),
    ]),
    ...(backOff === undefined
      ? []
      : section(
          'back-off',
          sentences(
            [`${backOff.failures} failed attempts in a row; the next ${nextIn(backOff.retryAt - frame.now)}`],
            frame,
          ),
        )),
    ...section(
      'deployments',
      seen.deployments.flatMap((one): Line[] => [
        [
          span(`    ${one.status.padEnd(7)} `),
          span(one.rolloutState, { COMPLETED: 'good', IN_PROGRESS: 'busy', FAILED: 'bad' }[one.rolloutState] as Style),
          span(`  ${one.taskDefinition}  ${one.runningCount}/${one.desiredCount} running`),
          one.pendingCount > 0 ? span(`  ${one.pendingCount} pending`, 'busy') : span(''),
          one.failedTasks > 0 ? span(`  ${one.failedTasks} failed`, 'bad') : span(''),
          span(`  ${ageOf(frame.now - one.createdAt)}  ${one.id}`, 'dim'),
        ],
        ...(one.rolloutState === 'FAILED' ? indented(one.rolloutStateReason, frame, 6, 'bad') : []),
      ]),
    ),
    ...section(
      'task sets',
      seen.taskSets.map((one): Line => [
        span(`    ${one.status.padEnd(8)} `),
        span(one.stabilityStatus, one.stabilityStatus === 'STEADY_STATE' ? 'good' : 'busy'),
        span(`  ${one.taskDefinition}  ${one.runningCount}/${one.computedDesiredCount} running`),
        one.pendingCount > 0 ? span(`  ${one.pendingCount} pending`, 'busy') : span(''),
        span(`  ${ageOf(frame.now - one.createdAt)}  ${one.id}`, 'dim'),
      ]),
    ),
    ...section('tasks', taskLines(seen.tasks, columns, frame.now)),
    ...section('targets', targetLines(seen.targets)),
    ...section(
      'last stopped',
      seen.lastStopped.flatMap((one): Line[] => [
        [
          span(`    ${one.id.slice(0, 8)}`),
          span(`  ${one.code}`, 'bad'),
          span(`  ${ageOf(frame.now - one.at)} ago`, 'dim'),
        ],
        ...indented(one.reason, frame, 6),
      ]),
    ),
    ...section(
      'events',
      seen.events.flatMap(({ createdAt, message }): Line[] => {
        const [first = '', ...rest] = wrap(message, frame.columns - 14);
        return [
          [span(`    ${timeOf(createdAt)}`, 'dim'), span(`  ${first}`)],
          ...rest.map((text): Line => [span(`${' '.repeat(14)}${text}`)]),
        ];
      }),
    ),
  ];
}

function instancePicture(seen: InstanceExplanation, frame: Frame): Line[] {
  const { instance, closed, turnedAway } = seen;
  const open = closed.length === 0;
  const named = seen.attributes.filter(({ name }) => !/^(com\.amazonaws\.ecs|ecs)\.capability\./.test(name));
  const built = seen.attributes.length - named.length;
  return [
    [
      span(open ? '● ' : '○ ', open ? 'good' : 'bad'),
      span(`instance ${instance.ec2InstanceId ?? instance.id}`, 'bold'),
      span(`  ${instance.status}`, instance.status === 'ACTIVE' ? 'good' : 'busy'),
      instance.connected ? span('') : span('  DISCONNECTED', 'bad'),
    ],
    ...indented(
      [
        `container instance ${instance.id}`,
        instance.instanceType,
        instance.zone,
        `cluster ${seen.cluster} (${seen.region})`,
        `registered ${ageOf(frame.now - seen.registeredAt)} ago`,
      ]
        .filter((one) => one !== undefined)
        .join(' · '),
      frame,
      2,
    ),
    ...section('takes no new tasks', sentences(closed, frame, 'bad')),
    ...section('resources', instanceGauges(instance, frame.columns)),
    ...section('tasks', taskLines(instance.tasks, taskColumns(instance.tasks, frame.columns), frame.now)),
    ...section(
      'did not fit',
      turnedAway.map(({ who, reason, at }): Line => [
        span(`    ${reason}`, 'busy'),
        span(`  ${who}`),
        span(at === undefined ? '  still waits' : `  ${ageOf(frame.now - at)} ago`, 'dim'),
      ]),
    ),
    ...section('attributes', [
      ...indented(
        named.map(({ name, value }) => (value === undefined ? name : `${name}=${value}`)).join('  '),
        frame,
        4,
      ),
      ...(built > 0 ? [[span(`    and ${built} of what its agent can do`, 'dim')]] : []),
    ]),
  ];
}

function refusalPicture(seen: RefusalExplanation, frame: Frame): Line[] {
  const tasks = `${seen.count} task${seen.count === 1 ? '' : 's'}`;
  return [
    [
      span('✗ ', 'bad'),
      span(seen.taskDefinition, 'bold'),
      span(`  ${seen.operation} made no task`, 'bad'),
      span(`  ${ageOf(frame.now - seen.at)} ago`, 'dim'),
    ],
    [span(`  cluster ${seen.cluster} (${seen.region})`, 'dim')],
    ...section('why', [
      ...sentences([`${tasks} found no place: no container instance met all requirements`], frame, 'bad'),
      ...exclusionLines(seen.excluded, () => undefined),
      ...sentences(["'stowage explain INSTANCE' shows what an instance has left"], frame, 'plain', '→ '),
    ]),
  ];
}

function targetLines(
  targets: readonly {
    id: string;
    port: number;
    targetGroupArn: string;
    state: string;
    health?: { state: string; description?: string };
  }[],
): Line[] {
  return targets.map(({ id, port, targetGroupArn, state, health }): Line => {
    const shown = state === 'registered' ? (health?.state ?? state) : state;
    const style: Style = shown === 'healthy' ? 'good' : shown === 'unhealthy' ? 'bad' : 'busy';
    const why = health?.description === undefined || shown === 'healthy' ? '' : `  ${health.description}`;
    return [
      span(`    ${shown}`, style),
      span(`  ${id}:${port}`),
      span(`  ${targetGroupArn.split('/')[1] ?? targetGroupArn}${why}`, 'dim'),
    ];
  });
}

/** A part with a title, where there is something to tell. */
function section(title: string, lines: readonly Line[]): Line[] {
  return lines.length === 0 ? [] : [[], [span(`  ${title}`, 'bold')], ...lines];
}

function sentences(texts: readonly string[], frame: Frame, style: Style = 'plain', mark = ''): Line[] {
  return texts.flatMap((text) => {
    const [first = '', ...rest] = wrap(text, frame.columns - 4 - mark.length);
    return [
      [span(`    ${mark}${first}`, style)],
      ...rest.map((more): Line => [span(`${' '.repeat(4 + mark.length)}${more}`, style)]),
    ];
  });
}

function indented(text: string, frame: Frame, columns: number, style: Style = 'dim'): Line[] {
  return wrap(text, frame.columns - columns).map((line): Line => [span(`${' '.repeat(columns)}${line}`, style)]);
}

function nextIn(ms: number): string {
  return ms > 0 ? `in ${ageOf(ms)}` : 'when a task is missing';
}

/** The time of day, UTC as everywhere in AWS's answers. */
function timeOf(at: number): string {
  return isoOf(at).slice(11, 19);
}
