import type { Status } from '../../main/status.ts';
import type { Command } from '../command.ts';
import { callOwn } from '../control-plane-client.ts';
import { endpointOf } from '../installation.ts';
import { columns } from '../terminal.ts';

/** `stowage status`: what runs. */
export const status: Command = {
  name: 'status',
  usage: 'status',
  summary: 'show the control plane, its services, tasks and load balancers',
  options: {},
  async run({ installation, terminal, json }) {
    const answer = await callOwn<Status>(installation, 'GET', 'status');
    if (json) {
      terminal.json(answer);
      return 0;
    }
    terminal.line(
      `${terminal.bold('Stowage')} ${answer.version} on ${endpointOf(installation)} (process ${answer.pid}, ${answer.home})`,
    );
    const show = (title: string, heading: readonly string[], rows: readonly (readonly string[])[]): void => {
      if (rows.length === 0) return;
      terminal.line(`\n${terminal.bold(title)}`);
      for (const line of columns([heading, ...rows])) terminal.line(`  ${line}`);
    };
    show(
      'services',
      ['region', 'cluster', 'service', 'status', 'desired', 'running', 'task definition'],
      answer.services.map((s) => [
        s.region,
        s.cluster,
        s.name,
        s.status,
        String(s.desired),
        String(s.running),
        s.taskDefinition,
      ]),
    );
    show(
      'tasks',
      ['region', 'cluster', 'task', 'group', 'status', 'address', 'public address'],
      answer.tasks.map((t) => [
        t.region,
        t.cluster,
        t.id,
        t.group,
        t.lastStatus,
        t.privateIp ?? '-',
        t.publicIp ?? '-',
      ]),
    );
    show(
      'load balancers',
      ['region', 'name', 'state', 'url', 'targets healthy'],
      answer.loadBalancers.map((l) => [l.region, l.name, l.state, l.url, `${l.healthyTargets}/${l.targets}`]),
    );
    if (answer.services.length + answer.tasks.length + answer.loadBalancers.length === 0) {
      terminal.line("nothing runs yet: 'stowage demo' shows the whole way");
    }
    return 0;
  },
};
