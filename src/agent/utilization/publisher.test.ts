import { expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { silentLog } from '../../base/log.ts';
import type { GroupUse } from '../../drivers/cgroups/cgroups.ts';
import type { AgentMessage } from '../../wire/messages.ts';
import type { TaskView } from '../tasks/view.ts';
import { Publisher } from './publisher.ts';

const task = (arn: string, more: Partial<TaskView> = {}): TaskView =>
  ({ payload: { arn }, desired: 'RUNNING', ...more }) as TaskView;

test('what tasks used between two looks is told every twenty seconds, in percent of the machine', async () => {
  const clock = new FakeClock();
  const sent: AgentMessage[] = [];
  const uses = new Map<string, GroupUse>([
    ['a', { cpuNs: 0, memoryBytes: 2 ** 20 }],
    ['over', { cpuNs: 0, memoryBytes: 0 }],
  ]);
  const tasks = [task('a'), task('over', { stoppedAt: 1 }), task('without a group')];
  const publisher = new Publisher({
    groups: { use: ({ arn }) => Promise.resolve(uses.get(arn)) },
    tasks: () => tasks,
    cpus: () => Promise.resolve(4),
    clock,
    log: silentLog,
    send: (message) => sent.push(message),
  });
  publisher.start();
  await clock.advance(20_000);
  expect(sent).toEqual([]);
  // Ten seconds of one processor in twenty seconds of four.
  uses.set('a', { cpuNs: 10e9, memoryBytes: 3 * 2 ** 20 });
  await clock.advance(20_000);
  const one = (value: number) => ({ min: value, max: value, sampleCount: 1, sum: value });
  expect(sent).toEqual([
    {
      type: 'PublishMetricsRequest',
      message: {
        taskMetrics: [{ taskArn: 'a', containerMetrics: [{ cpuStatsSet: one(12.5), memoryStatsSet: one(3) }] }],
      },
    },
  ]);
  // A group that was made anew counts from nothing.
  uses.set('a', { cpuNs: 1, memoryBytes: 0 });
  await clock.advance(20_000);
  expect(sent).toHaveLength(1);
  publisher.close();
  await clock.advance(60_000);
  expect(sent).toHaveLength(1);
});
