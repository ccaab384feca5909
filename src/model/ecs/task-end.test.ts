import { describe, expect, it } from 'vitest';
import type { Task } from './task.ts';
import { endOf } from './task-end.ts';

const exited = { code: 'EssentialContainerExited', reason: 'Essential container in task exited' };
const start = 'CannotStartContainerError: dependency graph: it will not';
const pull = 'CannotPullContainerError: no';
const gone = 'CannotInspectContainerError: No such container';

describe('why a task ended', () => {
  it.each<[string, object, object[], object]>([
    ['an essential container exited', { startedAt: 1 }, [{ exitCode: 1 }], exited],
    ['it exited before the others had begun', {}, [{ exitCode: 1 }, {}], exited],
    ['it ran, though nobody saw it', { reported: { ran: true } }, [{ exitCode: 0 }], exited],
    [
      'its machine ended it while it ran',
      { startedAt: 1, reported: { ran: true, reason: 'too much' } },
      [{ exitCode: 143 }],
      { ...exited, reason: 'too much' },
    ],
    ['its container vanished while it ran', { startedAt: 1 }, [{ reason: gone }], exited],
    [
      'a container that is not essential never started, another one ended',
      { startedAt: 1 },
      [{ exitCode: 0 }, { reason: pull, essential: false }],
      exited,
    ],
    ['a pull failed', {}, [{ reason: pull }], { code: 'TaskFailedToStart', reason: pull }],
    [
      'a dependency was not met',
      {},
      [
        { exitCode: 4, essential: false },
        { exitCode: 143, reason: start },
      ],
      { code: 'TaskFailedToStart', reason: start },
    ],
    [
      'the machine gave up',
      { reported: { reason: 'no network' } },
      [{}],
      { code: 'TaskFailedToStart', reason: 'no network' },
    ],
    [
      'a pull failed on an instance',
      { launchType: 'EC2' },
      [{ reason: pull }],
      { code: 'TaskFailedToStart', reason: 'Task failed to start' },
    ],
    [
      'an agent gave up, and says so of the task',
      { launchType: 'EC2', reported: { reason: 'no secret' } },
      [{}],
      { code: 'TaskFailedToStart', reason: 'no secret' },
    ],
    ['nobody knows', {}, [{}], { code: 'TaskFailedToStart', reason: 'Task failed to start' }],
  ])('%s', (_what, task, containers, stop) => {
    const row = {
      launchType: 'FARGATE',
      reported: {},
      containers: containers.map((container) => ({ essential: true, ...container })),
      ...task,
    };
    expect(endOf(row as unknown as Task)).toEqual(stop);
  });
});
