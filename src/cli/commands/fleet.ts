import { isoOf, systemClock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { FleetView } from '../../main/views/fleet.ts';
import type { Command, Invocation } from '../command.ts';
import { callOwn, NotRunningError } from '../control-plane-client.ts';
import { endpointOf, UsageError } from '../installation.ts';
import { fleetPicture } from '../views/fleet-picture.ts';
import { span, written, type Line } from '../views/text.ts';
import { watchOnScreen } from '../views/watch.ts';

/** A change is shown at once, many at this pace. */
const paceMs = 200;

/** How soon a control plane that does not answer is asked again. */
const retryMs = 1000;

/** `stowage fleet`: the clusters, drawn. */
export const fleet: Command = {
  name: 'fleet',
  usage: 'fleet [--cluster NAME] [--watch]',
  summary: 'draw the clusters: instances by zone, what is taken of them, their tasks, and what finds no place',
  options: { cluster: { type: 'string' }, watch: { type: 'boolean', short: 'w' } },
  async run(invocation) {
    const first = await ask(invocation);
    if (invocation.options['watch'] !== true) show(invocation, first);
    else if (invocation.json || !invocation.terminal.screen) await follow(invocation, first);
    else await watch(invocation, first);
    return 0;
  },
};

/** The clusters once they are others than `after`. */
async function ask({ installation, options }: Invocation, after?: string): Promise<FleetView> {
  const query = new URLSearchParams();
  const cluster = options['cluster'];
  if (typeof cluster === 'string') query.set('cluster', cluster);
  if (after !== undefined) query.set('after', after);
  const view = await callOwn<FleetView>(installation, 'GET', `fleet?${query.toString()}`);
  if (typeof cluster === 'string' && view.clusters.length === 0 && after === undefined) {
    throw new UsageError(`there is no cluster '${cluster}': 'stowage fleet' without --cluster shows all there are`);
  }
  return view;
}

function pictureOf({ clusters }: FleetView, columns: number): Line[] {
  if (clusters.length > 0) return fleetPicture(clusters, { columns, now: systemClock.now() });
  return [[span("no clusters yet: 'stowage demo' shows the whole way")]];
}

function show({ terminal, json }: Invocation, view: FleetView): void {
  if (json) terminal.json(view);
  else for (const text of written(pictureOf(view, terminal.columns), terminal.colours)) terminal.line(text);
}

/** Every change after the other: for programs, and for files. */
async function follow(invocation: Invocation, first: FleetView): Promise<never> {
  const { terminal, json } = invocation;
  for (let view = first; ; view = await ask(invocation, view.revision)) {
    if (json) terminal.line(JSON.stringify(view));
    else {
      terminal.line(`${isoOf(view.at)}\n`);
      show(invocation, view);
      terminal.line();
    }
    await systemClock.sleep(paceMs);
  }
}

function watch(invocation: Invocation, first: FleetView): Promise<void> {
  const { installation, terminal } = invocation;
  let view = first;
  let trouble: string | undefined;
  return watchOnScreen({
    colours: terminal.colours,
    picture: (columns) => pictureOf(view, columns),
    status: () =>
      trouble ?? `${endpointOf(installation)}  ${isoOf(view.at).slice(11, 19)} UTC  q quits, arrows and space scroll`,
    async next(signal) {
      const ended = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      const news = async (): Promise<void> => {
        try {
          // What control planes before this one counted means nothing to it: it answers at once.
          view = await ask(invocation, trouble === undefined ? view.revision : '');
          trouble = undefined;
        } catch (error) {
          if (!(error instanceof NotRunningError)) throw error;
          trouble = messageOf(error);
        }
        await systemClock.sleep(trouble === undefined ? paceMs : retryMs);
      };
      await Promise.race([news(), ended]);
    },
  });
}
