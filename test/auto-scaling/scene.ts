import type { Ctx } from '../../src/aws/handlers.ts';
import { FakeClock } from '../../src/base/clock.ts';
import { AwsError } from '../../src/base/errors.ts';
import { seededIds } from '../../src/base/ids.ts';
import { silentLog } from '../../src/base/log.ts';
import { autoScalingGroupLoop } from '../../src/control/auto-scaling-groups/loop.ts';
import { runLoop } from '../../src/control/loop.ts';
import { groupLauncher } from '../../src/main/launch-for-group.ts';
import { allTables } from '../../src/main/tables.ts';
import { imagesOf } from '../../src/model/ec2/images.ts';
import type { Instance } from '../../src/model/ec2/instance.ts';
import type { AutoScalingHandlers } from '../../src/services/autoscaling/handler-types.ts';
import { autoScalingHandlers } from '../../src/services/autoscaling/handlers.ts';
import { ec2Handlers } from '../../src/services/ec2/handlers.ts';
import { callerIn } from '../../src/services/testing.ts';
import { releaseInterface } from '../../src/store/allocate-interface.ts';
import { Store } from '../../src/store/store.ts';
import { groupInstances, scalingActivities } from '../../src/store/tables/autoscaling.ts';
import { instances, subnets } from '../../src/store/tables/ec2.ts';
import { MemoryDisk } from '../simulation/memory-journal.ts';

type Input<Name extends keyof AutoScalingHandlers> = Parameters<NonNullable<AutoScalingHandlers[Name]>>[0];
type Output<Name extends keyof AutoScalingHandlers> = Awaited<ReturnType<NonNullable<AutoScalingHandlers[Name]>>>;

/** How long an instance takes to start, and to end. */
const bootMs = 20_000;

/**
 * Auto Scaling groups in simulated time: the API, the loop, and machines on which instances start and end. The control plane can be
 * killed and started again. For tests.
 */
export class Scene {
  readonly clock = new FakeClock();
  readonly ids = seededIds(1);
  readonly ctx: Ctx = callerIn();
  readonly image = imagesOf('us-east-1').find(({ ecsOptimized }) => ecsOptimized)?.id ?? '';
  readonly #disk = new MemoryDisk();
  #plane: { store: Store; stop: () => void } | undefined;

  constructor() {
    this.start();
    this.ec2('CreateLaunchTemplate', {
      LaunchTemplateName: 'fleet',
      LaunchTemplateData: { ImageId: this.image, InstanceType: 't2.micro' },
    });
  }

  get store(): Store {
    if (this.#plane === undefined) throw new Error('the control plane is down');
    return this.#plane.store;
  }

  start(): void {
    const store = new Store(allTables, this.#disk.open());
    const deps = { store, clock: this.clock, ids: this.ids, log: silentLog };
    const launcher = () => Promise.resolve(groupLauncher({ ids: this.ids, publicPool: '100.127.0.0/24' }));
    const stopLoop = runLoop(autoScalingGroupLoop({ ...deps, launcher }), deps);
    const move = (id: string, from: Instance['state'], to: Instance['state']): void => {
      this.clock.after(bootMs, () => {
        const row = store.get(instances, id);
        if (this.#plane?.store !== store || row?.state !== from) return;
        store.transact((tx) => {
          tx.put(instances, { ...row, state: to });
          if (to === 'terminated') releaseInterface(tx, row.networkInterfaceId);
        });
      });
    };
    const work = (row: Instance): void => {
      if (row.state === 'pending') move(row.id, 'pending', 'running');
      if (row.state === 'shutting-down') move(row.id, 'shutting-down', 'terminated');
    };
    const unwatch = store.watch([instances], ({ changes }) => {
      for (const { before, after } of changes) {
        const [was, is] = [before, after] as (Instance | undefined)[];
        if (is !== undefined && was?.state !== is.state) work(is);
      }
    });
    for (const row of store.list(instances)) work(row);
    this.#plane = {
      store,
      stop: () => {
        stopLoop();
        unwatch();
      },
    };
  }

  /** kill -9, and another control plane on what was on disk. */
  async crash(): Promise<void> {
    await this.store.flushed();
    this.#plane?.stop();
    this.start();
  }

  call<Name extends keyof AutoScalingHandlers>(name: Name, input: Input<Name>): Output<Name> {
    const deps = { store: this.store, clock: this.clock, ids: this.ids, log: silentLog, publicPool: '100.127.0.0/24' };
    const handler = (autoScalingHandlers(deps) as AutoScalingHandlers)[name] as
      | ((input: Input<Name>, ctx: Ctx) => Output<Name>)
      | undefined;
    if (handler === undefined) throw new Error(`${name} is not served`);
    return handler(input, this.ctx);
  }

  /** The code and message that a call is refused with. */
  refusal<Name extends keyof AutoScalingHandlers>(name: Name, input: Input<Name>): [code: string, message: string] {
    try {
      this.call(name, input);
    } catch (error) {
      if (error instanceof AwsError) return [error.code, error.message];
      throw error;
    }
    return ['nothing', `${name} was not refused`];
  }

  ec2(name: string, input: object): unknown {
    const deps = { store: this.store, clock: this.clock, ids: this.ids, log: silentLog, publicPool: '100.127.0.0/24' };
    const handlers = ec2Handlers(deps) as Record<string, ((input: object, ctx: Ctx) => unknown) | undefined>;
    const handler = handlers[name];
    if (handler === undefined) throw new Error(`${name} is not served`);
    return handler(input, this.ctx);
  }

  /** Makes a group `web` of the launch template, in the default subnets. */
  group(options: Partial<Input<'CreateAutoScalingGroup'>> = {}): void {
    this.call('CreateAutoScalingGroup', {
      AutoScalingGroupName: 'web',
      LaunchTemplate: { LaunchTemplateName: 'fleet' },
      MinSize: 0,
      MaxSize: 10,
      VPCZoneIdentifier: this.subnetIds().join(','),
      ...options,
    });
  }

  subnetIds(): string[] {
    return this.store.list(subnets).map(({ id }) => id);
  }

  /** The states of the group's instances, by id. */
  states(): Record<string, string> {
    return Object.fromEntries(this.store.list(groupInstances).map(({ instanceId, state }) => [instanceId, state]));
  }

  inService(): string[] {
    return Object.entries(this.states()).flatMap(([id, state]) => (state === 'InService' ? [id] : []));
  }

  /** How many of the group's instances stand in each zone. */
  zones(): Record<string, number> {
    const zones: Record<string, number> = {};
    for (const { zone } of this.store.list(groupInstances)) zones[zone] = (zones[zone] ?? 0) + 1;
    return zones;
  }

  /** The causes of activities, oldest first. */
  activities(): { description: string; cause: string; status: string; message: string | undefined }[] {
    return this.store
      .list(scalingActivities)
      .map(({ description, cause, status, statusMessage }) => ({ description, cause, status, message: statusMessage }));
  }

  async pass(ms: number): Promise<void> {
    const stepMs = 1_000;
    for (let passed = 0; passed < ms; passed += stepMs) await this.clock.advance(Math.min(stepMs, ms - passed));
    for (let round = 0; round < 5; round += 1) await this.clock.advance(0);
  }
}
