import type { ClusterView, Gauge, InstanceView, TaskView } from '../../main/views/fleet.ts';
import type { Exclusion } from '../../model/ecs/placement.ts';
import type { Unplaced } from '../../main/views/unplaced.ts';
import { bar } from './bar.ts';
import { taskColumns, taskLines, type TaskColumns } from './task-lines.ts';
import { ageOf, cutLine, lineWidth, span, wrap, type Line, type Span } from './text.ts';

/** How wide the picture may be, and when it is looked at (epoch milliseconds). */
export interface Frame {
  readonly columns: number;
  readonly now: number;
}

const barCells = 12;

/** Clusters with their instances by zone, what is taken of them, their tasks, and what finds no place. */
export function fleetPicture(clusters: readonly ClusterView[], frame: Frame): Line[] {
  return clusters
    .flatMap((cluster, index) => [...(index > 0 ? [[]] : []), ...clusterPicture(cluster, frame)])
    .map((line) => cutLine(line, frame.columns));
}

function clusterPicture(cluster: ClusterView, frame: Frame): Line[] {
  const { instances, fargate, unplaced } = cluster;
  const tasks = [...instances.flatMap((instance) => instance.tasks), ...fargate];
  const columns = taskColumns(tasks, frame.columns);
  const zones = Map.groupBy(instances, ({ zone }) => zone ?? 'no zone');
  return [
    ...flow(heading(cluster, tasks), frame.columns, { indent: '', gap: ' · ' }),
    ...(tasks.length + instances.length + unplaced.length === 0 ? [[], [span('  nothing runs here', 'dim')]] : []),
    ...[...zones].flatMap(([zone, inZone]) => [
      [],
      [span(`  ${zone}`, 'bold'), span(`  ${counted(inZone.length, 'instance')}`, 'dim')],
      ...inZone.flatMap((instance) => instancePicture(instance, columns, frame)),
    ]),
    ...(fargate.length === 0
      ? []
      : [
          [],
          [span('  Fargate', 'bold'), span(`  ${counted(fargate.length, 'task')}`, 'dim')],
          ...taskLines(fargate, columns, frame.now),
        ]),
    ...(unplaced.length === 0
      ? []
      : [[], [span('  Unplaced', 'bad')], ...unplaced.flatMap((one) => unplacedPicture(one, instances, frame))]),
  ];
}

/** Pieces of the first line. */
function heading({ name, region, account, instances, unplaced }: ClusterView, tasks: readonly TaskView[]): Line[] {
  const running = tasks.filter(
    ({ lastStatus, desiredStatus }) => lastStatus === 'RUNNING' && desiredStatus === 'RUNNING',
  );
  const stopping = tasks.filter(({ desiredStatus }) => desiredStatus === 'STOPPED');
  const starting = tasks.length - running.length - stopping.length;
  const waiting = unplaced.reduce((sum, { count, refusedAt }) => sum + (refusedAt === undefined ? count : 0), 0);
  const unhealthy = tasks.filter(({ healthStatus }) => healthStatus === 'UNHEALTHY').length;
  const away = instances.filter(({ connected }) => !connected).length;
  const parts: readonly (Span | undefined)[] = [
    instances.length > 0 ? span(counted(instances.length, 'instance'), 'dim') : undefined,
    span(`${running.length} running`, running.length > 0 ? 'good' : 'dim'),
    starting > 0 ? span(`${starting} starting`, 'busy') : undefined,
    stopping.length > 0 ? span(`${stopping.length} stopping`, 'leaving') : undefined,
    unhealthy > 0 ? span(`${unhealthy} unhealthy`, 'bad') : undefined,
    away > 0 ? span(`${away} disconnected`, 'bad') : undefined,
    waiting > 0 ? span(`${waiting} unplaced`, 'bad') : undefined,
  ];
  const scope = account === '000000000000' ? region : `${region} ${account}`;
  return [
    [span(name, 'bold'), span(`  ${scope}`, 'dim')],
    ...parts.flatMap((part) => (part === undefined ? [] : [[part]])),
  ];
}

function instancePicture(instance: InstanceView, columns: TaskColumns, frame: Frame): Line[] {
  return [
    [
      span('  '),
      span(instance.ec2InstanceId ?? instance.id.slice(0, 12)),
      ...stateOf(instance, frame.now),
      ...(instance.ec2InstanceId === undefined ? [] : [span(`  ${instance.id.slice(0, 8)}`, 'dim')]),
      ...(instance.instanceType === undefined ? [] : [span(`  ${instance.instanceType}`, 'dim')]),
    ],
    ...instanceGauges(instance, frame.columns),
    ...taskLines(instance.tasks, columns, frame.now),
  ];
}

/** What is taken of an instance, in as many lines as it needs. */
export function instanceGauges(instance: InstanceView, columns: number): Line[] {
  return flow(gauges(instance), columns, { indent: '    ', gap: '   ' });
}

function stateOf({ status, connected, disconnectedAt }: InstanceView, now: number): Span[] {
  const state: Span[] = [];
  if (status === 'DRAINING') state.push(span('  DRAINING', 'busy'));
  if (!connected) {
    const since = disconnectedAt === undefined ? '' : ` ${ageOf(now - disconnectedAt)}`;
    state.push(span(`  DISCONNECTED${since}`, 'bad'));
  }
  return state.length > 0 ? state : [span('  ACTIVE', 'dim')];
}

/** What is taken of an instance, each in a piece that stays together. */
function gauges({ cpu, memory, interfaces, ports }: InstanceView): Line[] {
  const used = ports.used.map(({ port, protocol }) => `${port}${protocol === 'udp' ? '/udp' : ''}`);
  const more = used.length > shownPorts ? ` +${used.length - shownPorts}` : '';
  return [
    gauge('cpu', cpu, ''),
    gauge('memory', memory, ' MiB'),
    ...(interfaces.registered > 0 ? [gauge('enis', interfaces, '')] : []),
    // An instance registers the ports that cannot be had, not those that can: there is no whole to show a part of.
    ...(used.length > 0 ? [[span('ports ', 'dim'), span(`${used.slice(0, shownPorts).join(' ')}${more}`)]] : []),
  ];
}

const shownPorts = 4;

function gauge(name: string, value: Gauge, unit: string): Line {
  // As wide as it can become, so that the bars of several instances stand below each other.
  const used = String(value.used).padStart(String(value.registered).length);
  return [span(`${name} `, 'dim'), ...bar(value, barCells), span(` ${used}/${value.registered}${unit}`)];
}

/** Pieces one after the other, in as many lines as they need. */
function flow(pieces: readonly Line[], columns: number, { indent, gap }: { indent: string; gap: string }): Line[] {
  const lines: Line[] = [];
  let line: Span[] = [];
  for (const piece of pieces) {
    const fits = lineWidth(line) + gap.length + lineWidth(piece) <= columns;
    if (line.length > 0 && fits) line.push(span(gap, 'dim'), ...piece);
    else {
      if (line.length > 0) lines.push(line);
      line = [span(lines.length > 0 && indent === '' ? '  ' : indent), ...piece];
    }
  }
  return line.length > 0 ? [...lines, line] : lines;
}

function unplacedPicture(one: Unplaced, instances: readonly InstanceView[], { columns, now }: Frame): Line[] {
  const names = new Map(instances.map(({ id, ec2InstanceId }) => [id, ec2InstanceId]));
  const count = one.count > 1 ? ` ×${one.count}` : '';
  const ago = one.refusedAt === undefined ? '' : `  ${ageOf(now - one.refusedAt)} ago`;
  return [
    [span('    '), span('✗ ', 'bad'), span(`${one.name}${count}`), span(ago, 'dim')],
    ...wrap(one.reason, columns - 6).map((text): Line => [span(`      ${text}`, 'dim')]),
    ...exclusionLines(one.excluded, (id) => names.get(id)),
  ];
}

/** By what instances were kept from a task, with the first of each. */
export function exclusionLines(
  excluded: readonly Exclusion[],
  nameOf: (instanceId: string) => string | undefined,
): Line[] {
  const widest = Math.max(0, ...excluded.map(({ reason }) => reason.length));
  return excluded.map(({ reason, count, instanceIds }): Line => {
    const more = count > instanceIds.length ? ` +${count - instanceIds.length}` : '';
    const named = instanceIds.map((id) => nameOf(id) ?? id.slice(0, 8)).join(' ');
    return [span('      '), span(reason.padEnd(widest), 'busy'), span(`  ${named}${more}`)];
  });
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
