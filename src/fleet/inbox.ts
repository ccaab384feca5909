import type { Cancel } from '../base/clock.ts';
import { given } from '../base/given.ts';
import { AwsError, messageOf } from '../base/errors.ts';
import { takeTaskHealth, takeTaskReport } from '../store/task-reports.ts';
import { loadBalancers, targetKey, targets } from '../store/tables/elbv2.ts';
import { instances, vpcs } from '../store/tables/ec2.ts';
import { applied, machines } from '../store/tables/fleet.ts';
import type { AgentMessage, ServerMessage } from '../wire/messages.ts';
import type { TunnelReport } from '../wire/tunnel.ts';
import type { FleetDeps, LogBatch } from './deps.ts';
import { withTargetHealth } from './target-health.ts';

/** The messages by which a machine reports. */
export type Report = Exclude<
  AgentMessage,
  | TunnelReport
  | {
      type:
        | 'HeartbeatAckRequest'
        | 'AckRequest'
        | 'NackRequest'
        | 'IAMRoleCredentialsAckRequest'
        | 'TaskStopVerificationMessage';
    }
>;

/** What an inbox is made from. */
export type InboxDeps = Pick<FleetDeps, 'store' | 'clock' | 'log' | 'storeLogs' | 'takeMetrics'>;

/** The pause before waiting reports are tried again. */
const retryMs = 500;

/**
 * Writes what one machine reports into the store. Taking the same report twice does nothing the second time. While nothing can
 * be written (a full disk), reports wait in their order: a machine tells of each change once.
 */
export class Inbox {
  readonly #deps: InboxDeps;
  readonly #machineId: string;
  readonly #reply: (message: ServerMessage) => void;
  readonly #waiting: Report[] = [];
  #cancelRetry: Cancel = () => {};

  constructor(deps: InboxDeps, machineId: string, reply: (message: ServerMessage) => void) {
    this.#deps = deps;
    this.#machineId = machineId;
    this.#reply = reply;
  }

  /** Never throws: a report that cannot be written now is written later, one that never can is logged. */
  take(report: Report): void {
    this.#waiting.push(report);
    if (this.#waiting.length === 1) this.#write();
  }

  /** Forgets what waits: the machine tells everything again in its next session. */
  close(): void {
    this.#cancelRetry();
    this.#waiting.length = 0;
  }

  #write(): void {
    for (let report = this.#waiting[0]; report !== undefined; report = this.#waiting[0]) {
      try {
        this.#take(report);
      } catch (error) {
        const fields = { machine: this.#machineId, type: report.type, error: messageOf(error) };
        if (error instanceof AwsError && error.status === 503) {
          if (this.#waiting.length === 1) this.#deps.log.warn('reports wait until they can be written', fields);
          this.#cancelRetry = this.#deps.clock.after(retryMs, () => this.#write());
          return;
        }
        this.#deps.log.error('report not taken', fields);
      }
      this.#waiting.shift();
    }
  }

  #take(report: Report): void {
    const { store, clock } = this.#deps;
    switch (report.type) {
      case 'SubmitTaskStateChange':
        store.transact((tx) => takeTaskReport(tx, this.#machineId, report.message.task, report.message, clock.now()));
        return;
      case 'PublishHealthRequest':
        store.transact((tx) => takeTaskHealth(tx, this.#machineId, report.message.tasks));
        return;
      case 'PublishMetricsRequest':
        this.#deps.takeMetrics?.(this.#machineId, report.message);
        return;
      case 'PublishInstanceStatusRequest': {
        const { statuses } = report.message;
        store.transact((tx) => tx.update(machines, this.#machineId, (row) => ({ ...row, statuses })));
        return;
      }
      case 'StowageTargetHealth': {
        const { targetGroupArn, id, port } = report.message;
        store.transact((tx) =>
          tx.update(targets, targetKey(targetGroupArn, id, port), (row) =>
            withTargetHealth(row, report.message, clock.now()),
          ),
        );
        return;
      }
      case 'StowageApplied': {
        const { kind, id, error, shares } = report.message;
        store.transact((tx) => {
          const known = kind === 'vpc' ? tx.get(vpcs, id) : tx.get(loadBalancers, id);
          if (known === undefined) return;
          const row = { kind, id, machineId: this.#machineId, at: clock.now() };
          tx.put(applied, { ...row, ...given('error', error), ...given('shares', shares) });
        });
        return;
      }
      case 'StowageInstanceState': {
        const { instanceId: id, state, boot, error } = report.message;
        store.transact((tx) => {
          if (tx.get(instances, id)?.hostId !== this.#machineId) return;
          const row = { kind: 'instance', id, machineId: this.#machineId, at: clock.now(), state, boot } as const;
          tx.put(applied, { ...row, ...given('error', error) });
        });
        return;
      }
      case 'StowageLogEvents':
        void this.#store(report.message);
        return;
      default:
        report satisfies never;
    }
  }

  async #store(batch: LogBatch): Promise<void> {
    try {
      const { sequence, error } = await this.#deps.storeLogs(batch);
      this.#reply({
        type: 'StowageLogAck',
        message: { runtimeId: batch.runtimeId, sequence, ...given('error', error) },
      });
    } catch (error) {
      // Unacknowledged, it is sent again.
      this.#deps.log.error('log events not stored', { group: batch.logGroup, error: messageOf(error) });
    }
  }
}
