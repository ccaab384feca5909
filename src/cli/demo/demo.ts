import { systemClock } from '../../base/clock.ts';
import { upDetached } from '../commands/up.ts';
import type { Installation } from '../installation.ts';
import { prepareMachine } from '../prepare/prepare.ts';
import type { Terminal } from '../terminal.ts';
import { clientsOf } from './clients.ts';
import { loadBalancer } from './load-balancer.ts';
import { pagesFrom } from './pages.ts';
import { pushImage } from './push-image.ts';
import { createService } from './service.ts';

/** What the demo made and saw. */
export interface DemoResult {
  readonly url: string;
  /** The addresses of the tasks whose pages came through the balancer. */
  readonly answeredBy: readonly string[];
}

const name = 'hello';
const clusterName = 'demo';

/** The whole way of the README: machine, control plane, image, service, page. Running it again is fine. */
export async function runDemo(installation: Installation, terminal: Terminal): Promise<DemoResult> {
  const startedAt = systemClock.now();
  terminal.line(terminal.bold('1. This machine'));
  await prepareMachine('demo', terminal);
  await upDetached(installation, terminal);

  const clients = clientsOf(installation, terminal);
  terminal.line(terminal.bold('\n2. An image, through ECR'));
  const image = await pushImage(clients, name);
  terminal.done(`${image} is in the registry`);

  terminal.line(terminal.bold('\n3. A load balancer'));
  const balancer = await loadBalancer(clients, name);
  terminal.done(`${balancer.dnsName} forwards to ${name}`);

  terminal.line(terminal.bold('\n4. A Fargate service of two tasks'));
  await createService(clients, { name, clusterName, image, balancer, region: installation.region });
  terminal.step('waiting for the service to become stable');
  await clients.awsText('ecs', 'wait', 'services-stable', '--cluster', clusterName, '--services', name);
  terminal.done('two tasks are running and healthy');

  terminal.line(terminal.bold('\n5. The page, through the load balancer'));
  const answeredBy = await pagesFrom(balancer.url, 2);
  for (const address of answeredBy) terminal.done(`GET ${balancer.url} → the task at ${address}`);
  const seconds = Math.round((systemClock.now() - startedAt) / 1000);
  terminal.line(`\nOpen ${terminal.bold(balancer.url)} in a browser. (${seconds} s in all)`);
  terminal.line(
    "Go on: eval \"$(bin/stowage env)\" and use aws as ever; 'bin/stowage status' shows what runs; 'bin/stowage down --all' ends it.",
  );
  return { url: balancer.url, answeredBy };
}
