import {
  DescribeServiceDeploymentsCommand,
  ListServiceDeploymentsCommand,
  StopServiceDeploymentCommand,
  UpdateServiceCommand,
  type ServiceDeployment,
  type UpdateServiceCommandInput,
} from '@aws-sdk/client-ecs';
import { CreateRuleCommand, DeleteRuleCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { join } from 'node:path';
import { expect } from 'vitest';
import { buildImage } from '../in-task/images.ts';
import { eventually, run } from '../support/clients.ts';
import type { TestInstallation } from '../support/installation.ts';
import { sdk, type WebService } from '../support/web-service.ts';
import { allClients, type Toll } from './clients.ts';

/** How long anything may take on a machine that is busy with other things. */
const patienceMs = 240_000;

/** Builds the image of the server, once for all: its revision is in its environment. */
export async function buildServer(): Promise<string> {
  const tag = 'stowage-test/deployments:1';
  await buildImage(tag, {
    files: { '/bin/node': process.execPath, '/app/server.mjs': join(import.meta.dirname, 'server.mjs') },
    programs: [process.execPath],
    entryPoint: ['/bin/node', '/app/server.mjs'],
  });
  return tag;
}

/** A service, and what may happen to it. */
export class Stage {
  readonly #installation: TestInstallation;
  readonly service: WebService;

  constructor(installation: TestInstallation, service: WebService) {
    this.#installation = installation;
    this.service = service;
  }

  /** UpdateService. */
  async update(change: Omit<UpdateServiceCommandInput, 'service' | 'cluster'>): Promise<void> {
    const { name } = this.service;
    await sdk(this.#installation).ecs.send(new UpdateServiceCommand({ cluster: name, service: name, ...change }));
  }

  /** The newest service deployment. */
  async deployment(): Promise<ServiceDeployment> {
    const { ecs } = sdk(this.#installation);
    const { name } = this.service;
    const listed = await ecs.send(new ListServiceDeploymentsCommand({ cluster: name, service: name }));
    const arn = listed.serviceDeployments?.[0]?.serviceDeploymentArn ?? '';
    const described = await ecs.send(new DescribeServiceDeploymentsCommand({ serviceDeploymentArns: [arn] }));
    return described.serviceDeployments?.[0] ?? {};
  }

  /** Resolves once the newest service deployment is what it is to be. */
  reached(what: string, is: (deployment: ServiceDeployment) => boolean): Promise<ServiceDeployment> {
    return eventually(what, patienceMs, async () => {
      const deployment = await this.deployment();
      return is(deployment) ? deployment : undefined;
    });
  }

  /** Stops the newest service deployment; resolves once it is rolled back. */
  async turnBack(): Promise<ServiceDeployment> {
    const { serviceDeploymentArn } = await this.deployment();
    await sdk(this.#installation).ecs.send(
      new StopServiceDeploymentCommand({ serviceDeploymentArn, stopType: 'ROLLBACK' }),
    );
    const back = await this.reached('it is over', ({ finishedAt }) => finishedAt !== undefined);
    expect(back.status).toBe('ROLLBACK_SUCCESSFUL');
    return back;
  }

  /** Adds a rule to the listener and takes it away: the load balancer is configured anew twice. */
  async changeRules(): Promise<void> {
    const { elbv2 } = sdk(this.#installation);
    const { Rules } = await elbv2.send(
      new CreateRuleCommand({
        ListenerArn: this.service.listenerArn,
        Priority: 1,
        Conditions: [{ Field: 'path-pattern', PathPatternConfig: { Values: ['/fixed'] } }],
        Actions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '200' } }],
      }),
    );
    await eventually('the rule is served', patienceMs, async () => {
      const { status, stdout } = await run('curl', ['-fsS', `${this.service.url}fixed`]);
      return status === 0 && stdout === '' ? true : undefined;
    });
    await elbv2.send(new DeleteRuleCommand({ RuleArn: Rules?.[0]?.RuleArn }));
  }

  /** Resolves once it has so many tasks that run, each with a healthy target, and no other. */
  async settled(count: number): Promise<void> {
    await eventually(`${count} tasks`, patienceMs, async () => {
      const tasks = await this.service.tasks();
      return tasks.length === count && tasks.every(({ lastStatus }) => lastStatus === 'RUNNING') ? true : undefined;
    });
    await eventually('it is stable', patienceMs, () => this.service.stable().then(() => true as const));
  }

  /** Resolves once production answers so, and so what the test rule leads to. */
  async answer(wanted: { production: string; test?: string }): Promise<void> {
    const { url } = this.service;
    await eventually(`${wanted.production} in production`, patienceMs, async () => {
      const production = await run('curl', ['-fsS', url]);
      const test = wanted.test === undefined ? undefined : await run('curl', ['-fsS', '-H', 'x-test: yes', url]);
      const found = [production.stdout.trim(), test?.stdout.trim()];
      return found[0] === wanted.production && found[1] === wanted.test ? true : undefined;
    });
  }

  /** Does something under load: no request may fail on the way. */
  async underLoad(happen: () => Promise<void>): Promise<Toll> {
    const clients = allClients(this.service.url);
    await happen();
    const toll = await clients.stop();
    expect(toll.failures).toEqual([]);
    for (const done of [toll.requests, toll.kept.done, toll.webSockets.done]) expect(done).toBeGreaterThan(0);
    return toll;
  }
}
