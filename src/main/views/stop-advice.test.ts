import { describe, expect, it } from 'vitest';
import type { Task } from '../../model/ecs/task.ts';
import type { TaskDefinition } from '../../model/ecs/task-definition.ts';
import { exitMeaning, stopAdvice } from './stop-advice.ts';

const definition = {
  document: {
    containerDefinitions: [
      {
        name: 'web',
        logConfiguration: { logDriver: 'awslogs', options: { 'awslogs-group': '/web', 'awslogs-stream-prefix': 'p' } },
      },
      { name: 'quiet' },
    ],
  },
} as unknown as TaskDefinition;
const advice = (stop: object, ...containers: readonly object[]) =>
  stopAdvice({ id: 'ab12', group: 'service:shop', stop, containers } as unknown as Task, definition);

describe('what to do about a task that stopped', () => {
  it.each([
    [
      'an image',
      { code: 'TaskFailedToStart', reason: 'CannotPullContainerError: no such image' },
      [],
      'aws ecr describe-images',
    ],
    [
      'an image, told by the container',
      { code: 'TaskFailedToStart', reason: 'Task failed to start' },
      [{ reason: 'CannotPullImageManifestError: x' }],
      'execution role may pull',
    ],
    [
      'a secret',
      { code: 'TaskFailedToStart', reason: 'ResourceInitializationError: unable to pull secrets or registry auth' },
      [],
      'execution role may read it',
    ],
    [
      'a log group',
      {
        code: 'TaskFailedToStart',
        reason: 'ResourceInitializationError: failed to validate logger args: The specified log group does not exist',
      },
      [],
      'awslogs-create-group',
    ],
    [
      'memory',
      { code: 'EssentialContainerExited', reason: '' },
      [
        {
          name: 'web',
          essential: true,
          exitCode: 137,
          reason: 'OutOfMemoryError: Container killed due to memory usage',
        },
      ],
      'more memory',
    ],
    [
      'a command',
      { code: 'TaskFailedToStart', reason: '' },
      [{ reason: 'CannotStartContainerError: exec: no' }],
      'entry point',
    ],
    [
      'a subnet that is full',
      { code: 'TaskFailedToStart', reason: "in subnet 'x': InsufficientFreeAddressesInSubnet" },
      [],
      'no address left',
    ],
    [
      'an exit',
      { code: 'EssentialContainerExited', reason: '' },
      [{ name: 'web', essential: true, exitCode: 1 }],
      "'stowage logs /web' shows what web said (stream p/web/ab12)",
    ],
    [
      'an exit without logs',
      { code: 'EssentialContainerExited', reason: '' },
      [{ name: 'quiet', essential: true, exitCode: 1 }],
      'quiet writes to no log group',
    ],
    ['its service', { code: 'ServiceSchedulerInitiated', reason: 'Scaling activity' }, [], "'stowage explain shop'"],
    ['its instance', { code: 'TerminationNotice', reason: 'Host EC2 terminated' }, [], 'its instance is gone'],
    ['something new', { code: 'TaskFailedToStart', reason: 'SomethingNewError' }, [], 'the reason names'],
  ])('%s', (_, stop, containers, expected) => {
    expect(advice(stop, ...containers).join('\n')).toContain(expected);
  });

  it('has none where somebody wanted it so, or it ended well', () => {
    expect(advice({ code: 'UserInitiated', reason: 'done' }, { name: 'web', essential: true, exitCode: 143 })).toEqual(
      [],
    );
    expect(
      advice({ code: 'EssentialContainerExited', reason: '' }, { name: 'web', essential: true, exitCode: 0 }),
    ).toEqual([]);
  });

  it('knows what exit statuses mean', () => {
    expect([0, 127, 137, 143].map((code) => exitMeaning(code) !== undefined)).toEqual([true, true, true, true]);
    expect(exitMeaning(3)).toBeUndefined();
  });
});
