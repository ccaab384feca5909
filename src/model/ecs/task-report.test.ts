import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Task } from './task.ts';
import { withReport as withReportAt, type TaskReport } from './task-report.ts';

const containers = ['web', 'side'].map((name) => ({
  arn: name,
  name,
  image: 'web',
  essential: true,
  lastStatus: 'PENDING' as const,
  networkBindings: [],
}));
const task = { arn: 'task', version: 1, reported: {}, containers, healthStatus: 'UNKNOWN' } as unknown as Task;

function report(status: TaskReport['status'], changes: Partial<TaskReport> = {}): TaskReport {
  return { status, reason: '', containers: [], ...changes };
}

const withReport = (before: Task, said: TaskReport): Task => withReportAt(before, said, 5000);

const states = fc.constantFrom('PENDING', 'RUNNING', 'STOPPED');
const container = fc.record({ containerName: fc.constantFrom('web', 'side', 'unknown'), status: states });
const anyReport = fc.record({ status: states, containers: fc.array(container, { maxLength: 4 }) });

describe('withReport', () => {
  it('shows a reason with a capital letter, as ECS does', () => {
    const reason = 'fetching secret data from SSM Parameter Store in us-east-1: invalid parameters: a';
    const after = withReport(task, report('STOPPED', { reason }));
    expect(after.reported.reason).toBe(`F${reason.slice(1)}`);
  });

  it('takes containers, times and reasons', () => {
    const running = withReport(
      task,
      report('RUNNING', {
        pullStartedAt: 1,
        pullStoppedAt: 2,
        containers: [{ containerName: 'web', runtimeId: 'abc', status: 'RUNNING', imageDigest: 'sha256:1' }],
      }),
    );
    expect(running).toMatchObject({
      version: 2,
      reported: { status: 'RUNNING', pullStartedAt: 1, pullStoppedAt: 2 },
      containers: [{ lastStatus: 'RUNNING', runtimeId: 'abc', imageDigest: 'sha256:1' }, { lastStatus: 'PENDING' }],
    });
    const stopped = withReport(
      running,
      report('STOPPED', {
        executionStoppedAt: 3,
        containers: [{ containerName: 'web', status: 'STOPPED', exitCode: 137, reason: 'OutOfMemoryError' }],
      }),
    );
    expect(stopped.containers).toMatchObject([
      { lastStatus: 'STOPPED', exitCode: 137, reason: 'OutOfMemoryError', runtimeId: 'abc' },
      { lastStatus: 'STOPPED' },
    ]);
  });

  it('takes a container that appears twice in one report', () => {
    const both = report('RUNNING', {
      containers: [
        { containerName: 'web', status: 'RUNNING' },
        { containerName: 'web', status: 'STOPPED', exitCode: 0 },
      ],
    });
    expect(withReport(task, both).containers[0]).toMatchObject({ lastStatus: 'STOPPED', exitCode: 0 });
  });

  it('changes nothing when told the same again, and nothing at all after STOPPED', () => {
    fc.assert(
      fc.property(fc.array(anyReport, { maxLength: 8 }), (reports) => {
        let now = task;
        for (const one of reports) {
          const next = withReport(now, report(one.status, one));
          expect(withReport(next, report(one.status, one))).toBe(next);
          if (now.reported.status === 'STOPPED') expect(next).toBe(now);
          now = next;
        }
      }),
    );
  });

  it('comes to the same states in whatever order reports arrive before the end', () => {
    const open = fc.array(
      anyReport.map((one) => ({ ...one, status: one.status === 'STOPPED' ? 'RUNNING' : one.status }) as const),
    );
    fc.assert(
      fc.property(open, fc.nat(), (reports, turn) => {
        const states = (all: readonly { status: TaskReport['status']; containers: TaskReport['containers'] }[]) => {
          const after = all.reduce((now, one) => withReport(now, report(one.status, one)), task);
          return [after.reported.status, ...after.containers.map(({ lastStatus }) => lastStatus)];
        };
        const at = turn % (reports.length + 1);
        expect(states([...reports.slice(at), ...reports.slice(0, at)])).toEqual(states(reports));
      }),
    );
  });
});
