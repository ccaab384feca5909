import type { TaskView } from '../../main/views/fleet.ts';
import { ageOf, cut, fit, span, widthOf, type Line, type Style } from './text.ts';

/** Tasks of one kind in one state are one line from so many on. */
const gatheredFrom = 3;

/** Which columns there is room for, and how wide they are. */
export interface TaskColumns {
  readonly name: number;
  readonly definition: number;
  readonly health: boolean;
  readonly where: number;
}

const indent = 4;
const statusWidth = 15;
const healthWidth = 9;
const ageWidth = 4;
const idWidth = 8;
const gap = 2;

/** Lays the columns out for every task of a cluster, so that they stand below each other; what matters least goes first. */
export function taskColumns(tasks: readonly TaskView[], columns: number): TaskColumns {
  const widest = (of: (task: TaskView) => string, least: number, most: number): number =>
    Math.min(
      most,
      tasks.reduce((width, task) => Math.max(width, widthOf(of(task))), least),
    );
  // Room for the count of gathered tasks.
  const name = widest((task) => task.name, 8, 40) + 5;
  const fixed = indent + 2 + statusWidth + gap + ageWidth + gap + idWidth;
  let left = columns - fixed - gap;
  const nameWidth = Math.max(8, Math.min(name, left));
  left -= nameWidth;
  const health = tasks.some(({ healthStatus }) => healthStatus !== 'UNKNOWN') && left >= healthWidth + gap;
  if (health) left -= healthWidth + gap;
  const wanted = tasks.some((task) => task.taskDefinition.split(':')[0] !== task.name) ? 40 : 0;
  const definition = Math.min(
    widest((task) => task.taskDefinition, 0, 40),
    wanted === 0 ? 0 : left - gap,
  );
  const definitionWidth = definition >= 8 ? definition : 0;
  if (definitionWidth > 0) left -= definitionWidth + gap;
  return { name: nameWidth, definition: definitionWidth, health, where: left - gap >= 6 ? left - gap : 0 };
}

/** The lines of some tasks that stand in one place. */
export function taskLines(tasks: readonly TaskView[], columns: TaskColumns, now: number): Line[] {
  const kinds = Map.groupBy(tasks, (task) =>
    [task.name, task.taskDefinition, task.lastStatus, task.desiredStatus, task.healthStatus, task.connected].join(' '),
  );
  return [...kinds.values()].flatMap((kin) =>
    kin.length < gatheredFrom ? kin.map((task) => line([task], columns, now)) : [line(kin, columns, now)],
  );
}

function line(kin: readonly TaskView[], columns: TaskColumns, now: number): Line {
  const [task] = kin;
  if (task === undefined) return [];
  const { mark, style } = look(task);
  const count = kin.length > 1 ? ` ×${kin.length}` : '';
  const oldest = Math.min(...kin.map(({ startedAt, createdAt }) => startedAt ?? createdAt));
  const more = kin.length > 1 ? `+${kin.length - 1}` : where(task);
  const space = span(' '.repeat(gap));
  return [
    span(' '.repeat(indent)),
    span(`${mark} `, style),
    span(fit(`${cut(task.name, columns.name - count.length)}${count}`, columns.name)),
    space,
    span(fit(statusOf(task), statusWidth), style),
    space,
    ...(columns.health
      ? [span(fit(healthOf(task), healthWidth), task.healthStatus === 'UNHEALTHY' ? 'bad' : 'dim'), space]
      : []),
    span(ageOf(now - oldest).padStart(ageWidth), 'dim'),
    space,
    ...(columns.definition > 0 ? [span(fit(task.taskDefinition, columns.definition)), space] : []),
    span(task.id.slice(0, idWidth), 'dim'),
    ...(columns.where > 0 && more !== '' ? [space, span(cut(more, columns.where), 'dim')] : []),
  ];
}

/** The sign of a task's state: it can be told without colours. */
export function look(task: Pick<TaskView, 'lastStatus' | 'desiredStatus' | 'healthStatus' | 'connected'>): {
  readonly mark: string;
  readonly style: Style;
} {
  if (!task.connected) return { mark: '?', style: 'bad' };
  if (task.desiredStatus === 'STOPPED') return { mark: '◌', style: 'leaving' };
  if (task.lastStatus !== 'RUNNING') return { mark: '○', style: 'busy' };
  return task.healthStatus === 'UNHEALTHY' ? { mark: '✗', style: 'bad' } : { mark: '●', style: 'good' };
}

function statusOf({ lastStatus, desiredStatus }: TaskView): string {
  const onItsWay = desiredStatus === 'STOPPED' && ['RUNNING', 'PENDING', 'ACTIVATING'].includes(lastStatus);
  return onItsWay ? `${lastStatus}→STOP` : lastStatus;
}

function healthOf({ healthStatus, connected }: TaskView): string {
  if (!connected) return 'unheard';
  return healthStatus === 'UNKNOWN' ? '' : healthStatus.toLowerCase();
}

function where({ address, hostPorts, zone }: TaskView): string {
  if (address !== undefined) return [address, zone].filter((each) => each !== undefined).join(' ');
  return hostPorts.map((port) => `:${port}`).join(' ');
}
