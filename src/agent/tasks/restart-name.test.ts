import { describe, expect, it } from 'vitest';
import type { ContainerState } from '../../drivers/docker/driver.ts';
import { restartName, restartsOf } from './restart-name.ts';

const first = 'ecs-web.1.2-1-app-0123456789abcdef0123';
const state = (name: string, finishedAt?: number): ContainerState => ({
  id: 'c',
  name,
  labels: {},
  status: finishedAt === undefined ? 'running' : 'exited',
  pid: 0,
  oomKilled: false,
  error: '',
  createdAt: 0,
  imageId: 'i',
  ...(finishedAt === undefined ? {} : { finishedAt }),
});

describe('the name of a container', () => {
  it('tells how often it was started again', () => {
    expect(restartsOf(state(first))).toBe(0);
    const second = restartName(state(first, 36));
    expect(second).toBe(`${first}.1.10`);
    expect(restartsOf(state(second))).toBe(1);
    expect(restartsOf(state(second, 37))).toBe(1);
    const third = restartName(state(second, 37));
    expect(third).toBe(`${first}.2.11`);
    expect(restartsOf(state(third))).toBe(2);
  });

  it('counts no start that never was', () => {
    const named = restartName(state(first, 36));
    expect(restartsOf(state(named, 36))).toBe(0);
    expect(restartName(state(named, 36))).toBe(named);
  });

  it('is not read into a name that somebody else gave', () => {
    expect(restartsOf(state('web.1.10'))).toBe(0);
  });
});
