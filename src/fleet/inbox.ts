import { given } from '../base/given.ts';
import { messageOf } from '../base/errors.ts';
import { taskDefinitions, tasks } from '../store/tables/ecs.ts';
import { loadBalancers, targetKey, targets } from '../store/tables/elbv2.ts';
import { vpcs } from '../store/tables/ec2.ts';
import { applied } from '../store/tables/fleet.ts';
import type { AgentMessage, ServerMessage } from '../wire/messages.ts';
import type { FleetDeps, LogBatch } from './deps.ts';
import { withHealth, withReport, withTargetHealth } from './ingest.ts';

/** The messages by which a machine reports. */
export type Report = Exclude<
  AgentMessage,
  { type: 'HeartbeatAckRequest' | 'AckRequest' | 'TaskStopVerificationMessage' }
>;

/** Writes what one machine reports into the store. Taking the same report twice does nothing the second time. */
export class Inbox {
  readonly #deps: FleetDeps;
  readonly #machineId: string;
  readonly #reply: (message: ServerMessage) => void;

  constructor(deps: FleetDeps, machineId: string, reply: (message: ServerMessage) => void) {
    this.#deps = deps;
    this.#machineId = machineId;
    this.#reply = reply;
  }

  /** Never throws: a report that cannot be written is logged, and told again at the machine's next session. */
  take(report: Report): void {
    try {
      this.#take(report);
    } catch (error) {
      this.#deps.log.error('report not taken', {
        machine: this.#machineId,
        type: report.type,
        error: messageOf(error),
      });
    }
  }

  #take(report: Report): void {
    const { store, clock } = this.#deps;
    switch (report.type) {
      case 'SubmitTaskStateChange':
        store.transact((tx) => {
          tx.update(tasks, report.message.task, (task) =>
            task.machineId === this.#machineId ? withReport(task, report.message) : task,
          );
        });
        return;
      case 'PublishHealthRequest':
        store.transact((tx) => {
          for (const one of report.message.tasks) {
            tx.update(tasks, one.taskArn, (task) =>
              task.machineId === this.#machineId
                ? withHealth(task, tx.get(taskDefinitions, task.taskDefinitionArn), one)
                : task,
            );
          }
        });
        return;
      case 'StowageTargetHealth': {
        const { targetGroupArn, id, port } = report.message;
        store.transact((tx) =>
          tx.update(targets, targetKey(targetGroupArn, id, port), (row) => withTargetHealth(row, report.message)),
        );
        return;
      }
      case 'StowageApplied': {
        const { kind, id, error } = report.message;
        store.transact((tx) => {
          const known = kind === 'vpc' ? tx.get(vpcs, id) : tx.get(loadBalancers, id);
          if (known === undefined) return;
          tx.put(applied, { kind, id, machineId: this.#machineId, at: clock.now(), ...given('error', error) });
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
