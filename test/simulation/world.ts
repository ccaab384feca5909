import { balancerHost, fargateHost } from '../../src/model/fleet/machine.ts';
import type { ContainerDefinition, DeploymentConfiguration } from '@aws-sdk/client-ecs';
import { FakeClock } from '../../src/base/clock.ts';
import { seededIds, type Ids } from '../../src/base/ids.ts';
import { silentLog } from '../../src/base/log.ts';
import { allLoops } from '../../src/control/loops.ts';
import { runLoop } from '../../src/control/loop.ts';
import { given } from '../../src/base/given.ts';
import { newTask } from '../../src/model/ecs/new-task.ts';
import type { DeploymentSpec, Service } from '../../src/model/ecs/service.ts';
import { newTaskSet, type TaskSet } from '../../src/model/ecs/task-set.ts';
import type { ServiceLoadBalancer, Task } from '../../src/model/ecs/task.ts';
import type { TaskDefinition } from '../../src/model/ecs/task-definition.ts';
import { groupLauncher } from '../../src/main/launch-for-group.ts';
import { allTables } from '../../src/main/tables.ts';
import { Vault } from '../../src/store/keys/vault.ts';
import { beginDeployment } from '../../src/store/begin-deployment.ts';
import { Store } from '../../src/store/store.ts';
import * as ec2Tables from '../../src/store/tables/ec2.ts';
import * as ecsTables from '../../src/store/tables/ecs.ts';
import * as elbTables from '../../src/store/tables/elbv2.ts';
import { loopback } from '../../src/wire/loopback.ts';
import type { AgentMessage, ServerMessage } from '../../src/wire/messages.ts';
import type { MachineHello } from '../../src/fleet/deps.ts';
import { Fleet } from '../../src/fleet/fleet.ts';
import { readBalancer, translateBalancer } from '../../src/fleet/translate-balancer.ts';
import { MemoryDisk } from './memory-journal.ts';
import { ScriptedAgent, type Behaviour } from './scripted-agent.ts';

const scope = { account: '000000000000', region: 'us-east-1' };
const clusterArn = 'arn:aws:ecs:us-east-1:000000000000:cluster/default';
const balancerArn = 'arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/app/web/1';

/** The target group of the world. */
export const targetGroupArn = 'arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/web/1';
/** The other one, for deployments that shift traffic. */
export const alternateTargetGroupArn = 'arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/alternate/2';
/** Listeners of a network load balancer, for production and for tests. */
const networkListenerArns = [
  'arn:aws:elasticloadbalancing:us-east-1:000000000000:listener/net/web/1/1',
  'arn:aws:elasticloadbalancing:us-east-1:000000000000:listener/net/web/1/2',
] as const;
/** How long its targets drain. */
export const drainMs = 5_000;

/** What may be chosen of a service of the world. */
export interface ServiceOptions {
  readonly desired: number;
  readonly image?: Behaviour;
  readonly configuration?: DeploymentConfiguration;
  readonly balanced?: boolean;
  /** Deployments shift traffic between the two target groups of the world, by its rules. */
  readonly shifting?: boolean;
  /** Then by listeners of a network load balancer. */
  readonly byListeners?: boolean;
  readonly healthCheck?: boolean;
  /** It is kept even over the two zones of the world. */
  readonly rebalanced?: boolean;
}

/**
 * A control plane (store, loops, fleet) and a scripted machine in simulated time. The machine and the disk outlive the
 * control plane, which can crash at any moment. For tests.
 */
export class World {
  readonly clock = new FakeClock();
  readonly ids: Ids;
  readonly agent = new ScriptedAgent(this.clock);
  /** The ids of the service's deployments, in the order in which they began. */
  readonly deploymentIds: string[] = [];
  /** How long a task that nothing checks has to run before it counts as healthy; of control planes that are started from now on. */
  settleMs = 2_000;
  /** Answers lifecycle hooks. */
  onHook: (target: string, event: object) => Promise<unknown> = () => Promise.resolve({ hookStatus: 'SUCCEEDED' });
  readonly #disk = new MemoryDisk();
  #plane: { store: Store; fleet: Fleet; stop: () => void } | undefined;
  readonly #joined = new Map<string, ScriptedAgent>();

  constructor(seed = 1) {
    this.ids = seededIds(seed);
  }

  /** A world with a network, a load balancer and a running control plane. */
  static async begin(seed = 1): Promise<World> {
    const world = new World(seed);
    await world.open();
    return world;
  }

  /** Starts the control plane and gives it a network and a load balancer. */
  async open(): Promise<void> {
    this.start();
    this.#furnish();
    this.connect();
    await this.settle();
  }

  get store(): Store {
    if (this.#plane === undefined) throw new Error('the control plane is down');
    return this.#plane.store;
  }

  /** Starts a control plane on what is on the disk. */
  start(): void {
    const store = new Store(allTables, this.#disk.open());
    const deps = { store, clock: this.clock, ids: this.ids, log: silentLog };
    const fleet = new Fleet({
      ...deps,
      scope,
      tunnels: { port: 21_000, publicPool: '100.127.0.0/24' },
      resolveImage: (image) => ({ image }),
      translateBalancer: (reader, arn) => {
        const rows = readBalancer(reader, arn, () => '');
        return rows && translateBalancer(rows);
      },
      storeLogs: ({ sequence }) => ({ sequence }),
    });
    const vault = new Vault({ ids: this.ids, root: new Uint8Array(32) });
    const renewCertificate = (): Promise<never> => Promise.reject(new Error('there are no certificates here'));
    const stops = allLoops({
      ...deps,
      metrics: { read: () => Promise.resolve([]) },
      publicPool: '100.127.0.0/24',
      settleMs: this.settleMs,
      blobs: { collect: () => {} },
      vault,
      renewCertificate,
      callHook: (target, event) => this.onHook(target, event),
      launcher: () => Promise.resolve(groupLauncher({ ids: this.ids, publicPool: '100.127.0.0/24' })),
    }).map((loop) => runLoop(loop, deps));
    this.#plane = { store, fleet, stop: () => stops.forEach((stop) => stop()) };
  }

  /** Connects a machine, the only one unless told another. */
  connect(hello: Partial<MachineHello> = {}, agent = this.agent): void {
    const { left, right } = loopback<ServerMessage, AgentMessage>();
    agent.connect(right);
    const usual = {
      id: 'machine-1',
      attributes: [{ name: 'stowage.vpc' }, { name: balancerHost }, { name: fargateHost }],
      resources: { cpu: 2048, memory: 4096 },
    };
    this.#plane?.fleet.connect({ ...usual, ...hello }, left);
  }

  /** Connects a machine that joined, whose agent it answers: it runs tasks of Fargate, and carries no load balancer. */
  join(id: string, agent = new ScriptedAgent(this.clock)): ScriptedAgent {
    const { left, right } = loopback<ServerMessage, AgentMessage>();
    agent.connect(right);
    this.#joined.set(id, agent);
    const attributes = [{ name: 'stowage.vpc' }, { name: fargateHost }];
    this.#plane?.fleet.connect({ id, attributes, resources: { cpu: 2048, memory: 4096 } }, left);
    return agent;
  }

  /** kill -9: nothing is closed, written or said any more. */
  crash(): void {
    for (const agent of [this.agent, ...this.#joined.values()]) agent.disconnect();
    this.#plane?.stop();
    this.#plane?.fleet.close();
    this.#plane = undefined;
  }

  /** Lets everything happen that needs no time to pass. */
  async settle(): Promise<void> {
    for (let round = 0; round < 12; round += 1) await this.clock.advance(0);
  }

  /** Passes time in small steps, as messages take turns and not time. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 100) {
      await this.clock.advance(Math.min(100, ms - passed));
      await this.settle();
    }
  }

  /** Passes time until `condition` holds; answers whether it came to that in time. */
  async until(condition: () => boolean, withinMs = 120_000): Promise<boolean> {
    for (let passed = 0; passed < withinMs; passed += 100) {
      if (condition()) return true;
      await this.pass(100);
    }
    return condition();
  }

  /** Registers a revision whose one container is of that image. */
  define(image: Behaviour, healthCheck = false): TaskDefinition {
    const revision = this.store.count(ecsTables.taskDefinitions) + 1;
    const container: ContainerDefinition = {
      name: 'web',
      image: `web:${image}`,
      essential: true,
      portMappings: [{ containerPort: 80, hostPort: 80, protocol: 'tcp' }],
      ...(healthCheck ? { healthCheck: { command: ['CMD', 'true'] } } : {}),
    };
    const definition: TaskDefinition = {
      ...scope,
      arn: `arn:aws:ecs:us-east-1:000000000000:task-definition/web:${revision}`,
      family: 'web',
      revision,
      status: 'ACTIVE',
      document: { cpu: '256', memory: '512', networkMode: 'awsvpc', containerDefinitions: [container] },
      requiresAttributes: [],
      compatibilities: ['FARGATE'],
      registeredAt: this.clock.now(),
      registeredBy: 'root',
      tags: [],
    };
    this.store.transact((tx) => tx.put(ecsTables.taskDefinitions, definition));
    return definition;
  }

  runTask(image: Behaviour): Task {
    const definition = this.define(image);
    const task = newTask(
      {
        scope,
        clusterArn,
        definition,
        launchType: 'FARGATE',
        group: 'family:web',
        overrides: {},
        enableExecuteCommand: false,
        tags: [],
        networkConfiguration: network,
        loadBalancers: [],
      },
      this.ids,
      this.clock.now(),
    );
    this.store.transact((tx) => tx.put(ecsTables.tasks, task));
    return task;
  }

  task(arn: string): Task {
    const task = this.store.get(ecsTables.tasks, arn);
    if (task === undefined) throw new Error(`no task ${arn}`);
    return task;
  }

  /** What StopTask does. */
  stopTask(arn: string): void {
    this.store.transact((tx) =>
      tx.update(ecsTables.tasks, arn, (task): Task => ({
        ...task,
        desiredStatus: 'STOPPED',
        stop: task.stop ?? { code: 'UserInitiated', reason: 'Task stopped by user' },
      })),
    );
  }

  createService(options: ServiceOptions): Service {
    return this.#begin(this.#newService(options, 'ECS'), options);
  }

  /** A service whose deployments are task sets; it has none yet. */
  createExternalService(options: ServiceOptions): void {
    const service = this.#newService(options, 'EXTERNAL');
    this.store.transact((tx) => tx.put(ecsTables.services, service));
  }

  /** What CreateTaskSet does, with so many percent of what the service desires. */
  createTaskSet(image: Behaviour, percent: number, groupArn?: string): TaskSet {
    const spec = this.#newSpec({ desired: 0, image, ...(groupArn === undefined ? {} : { balanced: true }) });
    const loadBalancers = spec.loadBalancers.map((entry) => ({ ...entry, ...given('targetGroupArn', groupArn) }));
    const scale = { value: percent, unit: 'PERCENT' } as const;
    const taskSet = newTaskSet(this.service(), { ...spec, loadBalancers }, { scale }, this.ids, this.clock.now());
    this.store.transact((tx) => tx.put(ecsTables.taskSets, taskSet));
    this.deploymentIds.push(taskSet.id);
    return taskSet;
  }

  #newService(options: ServiceOptions, deploymentController: Service['deploymentController']): Service {
    const name = 'web';
    return {
      ...scope,
      arn: `arn:aws:ecs:us-east-1:000000000000:service/default/${name}`,
      name,
      clusterArn,
      status: 'ACTIVE',
      schedulingStrategy: 'REPLICA',
      deploymentController,
      deploymentConfiguration: options.configuration ?? {},
      desiredCount: options.desired,
      deployments: [],
      serviceRegistries: [],
      placementConstraints: [],
      placementStrategy: [],
      availabilityZoneRebalancing: options.rebalanced === true ? 'ENABLED' : 'DISABLED',
      enableECSManagedTags: false,
      propagateTags: 'NONE',
      enableExecuteCommand: false,
      createdAt: this.clock.now(),
      createdBy: 'root',
      tags: [],
      events: [],
      throttle: { consecutiveFailures: 0, retryAt: 0 },
    };
  }

  /** What UpdateService does with another revision. */
  deploy(options: ServiceOptions): void {
    this.#begin(this.service(), options);
  }

  update(change: (service: Service) => Service): void {
    this.store.transact((tx) => tx.update(ecsTables.services, this.service().arn, change));
  }

  service(): Service {
    const service = this.store.list(ecsTables.services)[0];
    if (service === undefined) throw new Error('no service');
    return service;
  }

  /** The service's events, oldest first, without its name; its deployments are numbered from 1. */
  events(): string[] {
    const numbered = (text: string): string =>
      this.deploymentIds.reduce((all, id, index) => all.replace(id, `ecs-svc/${index + 1}`), text);
    return this.service()
      .events.map(({ message }) => numbered(message.replace('(service web) ', '')))
      .toReversed();
  }

  live(): Task[] {
    return this.store.by(ecsTables.tasks, 'life', 'live');
  }

  #newSpec(options: ServiceOptions): DeploymentSpec {
    return {
      taskDefinitionArn: this.define(options.image ?? 'ok', options.healthCheck).arn,
      launchType: 'FARGATE',
      networkConfiguration: network,
      loadBalancers: entriesOf(options),
    };
  }

  #begin(service: Service, options: ServiceOptions): Service {
    const spec = this.#newSpec(options);
    const when = { ids: this.ids, now: this.clock.now() };
    const begun = this.store.transact((tx) => beginDeployment(tx, service, spec, when));
    this.deploymentIds.push(begun.deployments[0]?.id ?? '');
    return begun;
  }

  #furnish(): void {
    const place = { ...scope, vpcId: 'vpc-1', tags: [] };
    this.store.transact((tx) => {
      tx.put(ec2Tables.vpcs, {
        ...scope,
        id: 'vpc-1',
        cidr: '10.0.0.0/16',
        isDefault: true,
        instanceTenancy: 'default',
        enableDnsSupport: true,
        enableDnsHostnames: true,
        dhcpOptionsId: 'dopt-1',
        tags: [],
        createdAt: this.clock.now(),
      });
      for (const [index, zone] of ['a', 'b'].entries()) {
        tx.put(ec2Tables.subnets, {
          ...place,
          id: `subnet-${zone}`,
          cidr: `10.0.${index}.0/24`,
          availabilityZone: `us-east-1${zone}`,
          availabilityZoneId: `use1-az${index + 1}`,
          defaultForAz: true,
          mapPublicIpOnLaunch: false,
        });
      }
      tx.put(ec2Tables.securityGroups, { ...place, id: 'sg-1', name: 'default', description: 'default' });
      tx.put(elbTables.loadBalancers, {
        ...place,
        arn: balancerArn,
        name: 'web',
        type: 'application',
        scheme: 'internal',
        ipAddressType: 'ipv4',
        dnsName: 'internal-web-1.us-east-1.elb.stowage.internal',
        canonicalHostedZoneId: 'Z1',
        subnets: [],
        securityGroups: [],
        state: { code: 'active' },
        attributes: {},
        createdAt: this.clock.now(),
      });
      tx.put(elbTables.listeners, {
        ...scope,
        arn: 'listener-1',
        loadBalancerArn: balancerArn,
        protocol: 'HTTP',
        port: 80,
        certificates: [],
        attributes: {},
        tags: [],
      });
      tx.put(elbTables.rules, {
        ...scope,
        arn: 'rule-1',
        listenerArn: 'listener-1',
        priority: 'default',
        conditions: [],
        actions: [{ Type: 'forward', TargetGroupArn: targetGroupArn }],
        tags: [],
      });
      // By it, and by the group that it adds, deployments that shift traffic are tried.
      tx.put(elbTables.rules, {
        ...scope,
        arn: 'rule-2',
        listenerArn: 'listener-1',
        priority: 1,
        conditions: [{ Field: 'path-pattern', PathPatternConfig: { Values: ['/test'] } }],
        actions: [{ Type: 'forward', TargetGroupArn: alternateTargetGroupArn }],
        tags: [],
      });
      // Those of a network load balancer have one rule each.
      for (const [index, arn] of networkListenerArns.entries()) {
        tx.put(elbTables.listeners, {
          ...scope,
          arn,
          loadBalancerArn: balancerArn,
          protocol: 'TCP',
          port: 81 + index,
          certificates: [],
          attributes: {},
          tags: [],
        });
        tx.put(elbTables.rules, {
          ...scope,
          arn: `rule-${3 + index}`,
          listenerArn: arn,
          priority: 'default',
          conditions: [],
          actions: [{ Type: 'forward', TargetGroupArn: [targetGroupArn, alternateTargetGroupArn][index] }],
          tags: [],
        });
      }
      for (const [name, arn] of [
        ['web', targetGroupArn],
        ['alternate', alternateTargetGroupArn],
      ] as const)
        tx.put(elbTables.targetGroups, {
          ...place,
          arn,
          name,
          targetType: 'ip',
          protocol: 'HTTP',
          port: 80,
          healthCheck: {
            enabled: true,
            protocol: 'HTTP',
            port: 'traffic-port',
            intervalSeconds: 30,
            timeoutSeconds: 5,
            healthyThreshold: 5,
            unhealthyThreshold: 2,
          },
          attributes: { 'deregistration_delay.timeout_seconds': String(drainMs / 1000) },
          createdAt: this.clock.now(),
        });
    });
  }
}

function entriesOf({ balanced, shifting, byListeners }: ServiceOptions): ServiceLoadBalancer[] {
  if (balanced !== true && shifting !== true) return [];
  const [productionListenerRule, testListenerRule] =
    byListeners === true ? networkListenerArns : (['rule-1', 'rule-2'] as const);
  const advancedConfiguration = { alternateTargetGroupArn, productionListenerRule, testListenerRule };
  return [
    {
      targetGroupArn,
      containerName: 'web',
      containerPort: 80,
      ...(shifting === true ? { advancedConfiguration } : {}),
    },
  ];
}

const network = { subnets: ['subnet-a', 'subnet-b'], securityGroups: ['sg-1'], assignPublicIp: 'DISABLED' } as const;
