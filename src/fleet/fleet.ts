import { isIP } from 'node:net';
import { given } from '../base/given.ts';
import type { Machine } from '../model/fleet/machine.ts';
import { clusterArn, containerInstanceArn } from '../model/ecs/arns.ts';
import type { ContainerInstance } from '../model/ecs/container-instance.ts';
import { AddressError, allocatePublicIp } from '../store/allocate-interface.ts';
import { containerInstances } from '../store/tables/ecs.ts';
import { machines } from '../store/tables/fleet.ts';
import type { AgentMessage, Channel, ServerMessage } from '../wire/messages.ts';
import type { OpenTunnel } from '../wire/tunnel.ts';
import { addConcerns, concernsAll, noConcerns, toldTables } from './concerns.ts';
import type { FleetDeps, MachineHello } from './deps.ts';
import { Session, type SessionTerms } from './session.ts';

/**
 * The machines and the conversations with them: what the store wants of each goes out, what each reports comes in. A new
 * fleet on an old store knows no session; machines connect again, hear everything again and report again.
 */
export class Fleet {
  readonly #deps: FleetDeps;
  readonly #sessions = new Map<string, Session>();
  readonly #unwatch: () => void;

  constructor(deps: FleetDeps) {
    this.#deps = deps;
    // Nobody could connect while no control plane was there: from now on they are awaited.
    const known = deps.store.list(machines);
    deps.store.transact((tx) => {
      for (const machine of known) {
        tx.put(machines, { ...machine, connected: false, disconnectedAt: deps.clock.now() });
      }
    });
    const unwatchTold = deps.store.watch(toldTables, ({ changes }) => {
      // Looked at once, however many machines there are; most commits are about tasks, and concern few of them.
      const concerns = noConcerns();
      for (const change of changes) addConcerns(deps.store, change, concerns);
      const told = concernsAll(concerns) ? this.#sessions.keys() : concerns.tasks.keys();
      for (const id of told) this.#sessions.get(id)?.notice(concerns);
    });
    // Whoever is no longer registered is told nothing more: ECS refuses its agent then.
    const unwatchInstances = deps.store.watch([containerInstances], ({ changes }) => {
      for (const { after } of changes) {
        const row = after as ContainerInstance | undefined;
        if (row?.status === 'INACTIVE') {
          queueMicrotask(() => this.#sessions.get(row.machineId)?.close('the container instance was deregistered'));
        }
      }
    });
    this.#unwatch = () => {
      unwatchTold();
      unwatchInstances();
    };
  }

  /** Takes a machine in: registers it and begins a session, ending one that it may still have. */
  connect(
    hello: MachineHello,
    channel: Channel<ServerMessage, AgentMessage>,
    terms: SessionTerms = { answersHeartbeats: true, expires: false },
  ): void {
    const { store, clock, log, scope } = this.#deps;
    this.#sessions.get(hello.id)?.close('the machine connected anew');
    const before = store.get(machines, hello.id);
    const machine: Machine = {
      id: hello.id,
      ...(hello.registration ?? {
        clusterArn: clusterArn(scope, 'default'),
        containerInstanceArn: containerInstanceArn(scope, 'default', hello.id),
      }),
      isInstance: hello.registration !== undefined,
      lastSequence: before?.lastSequence ?? 0,
      attributes: hello.attributes,
      resources: hello.resources,
      ...given('registryHost', hello.registryHost),
      ...this.#placeOf(hello, before),
      connected: true,
      connectedAt: clock.now(),
      ...given('statuses', before?.statuses),
    };
    const session = new Session(this.#deps, machine, channel, terms, () => this.#disconnected(session));
    this.#sessions.set(hello.id, session);
    store.transact((tx) => tx.put(machines, machine));
    log.info('machine connected', { machine: hello.id });
  }

  /** Opens a tunnel into a task that a machine runs; `undefined` when it is not connected, or cannot carry one. */
  readonly openTunnel: OpenTunnel = (machineId, taskArn, to, listener) =>
    this.#sessions.get(machineId)?.tunnels?.open(taskArn, to, listener);

  /** Ends every session. */
  close(): void {
    this.#unwatch();
    for (const session of this.#sessions.values()) session.close('the control plane is stopping');
  }

  /** Where it is found, and the address by which its tasks see it: kept while the machine is known. */
  #placeOf({ id, underlay, hostAddress }: MachineHello, before: Machine | undefined): Partial<Machine> {
    const { store, tunnels, log } = this.#deps;
    if (underlay === undefined) return {};
    if (isIP(underlay) !== 4) {
      log.error('no tunnels lead to a machine: it is found at no IPv4 address', { machine: id, underlay });
      return {};
    }
    const kept = hostAddress ?? before?.hostAddress;
    if (kept !== undefined) return { underlay, hostAddress: kept };
    try {
      return { underlay, hostAddress: store.transact((tx) => allocatePublicIp(tx, tunnels.publicPool)) };
    } catch (error) {
      if (!(error instanceof AddressError)) throw error;
      log.error('no tunnels lead to a machine: there is no public address left for it', { machine: id });
      return {};
    }
  }

  #disconnected(session: Session): void {
    // A machine that came back under a new session is connected.
    if (this.#sessions.get(session.machineId) !== session) return;
    this.#sessions.delete(session.machineId);
    const { store, clock, log } = this.#deps;
    log.warn('machine disconnected', { machine: session.machineId });
    store.transact((tx) =>
      tx.update(machines, session.machineId, (row) => ({ ...row, connected: false, disconnectedAt: clock.now() })),
    );
  }
}
