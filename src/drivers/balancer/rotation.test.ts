import { expect, test } from 'vitest';
import type { TargetGroupSpec } from '../../wire/balancer-spec.ts';
import { followRotation } from './rotation.ts';
import { groupSpec, targetSpec } from './spec-for-tests.ts';

const backend = 'tg_web_0123456789abcdef';
const server = '127.0.0.1:1';
const way = (listenerPort: number) => ({ listenerPort, protocol: 'HTTP', port: 8080 }) as const;
const group = (over: Partial<TargetGroupSpec> = {}, drained = false): TargetGroupSpec =>
  groupSpec('web', [targetSpec(1, { zone: 'a', draining: drained }), targetSpec(2, { zone: 'b' })], over);

test.each<[string, string, TargetGroupSpec, string[]]>([
  ['stays', backend, group(), [backend]],
  ['goes with a target that drains', backend, group({}, true), []],
  ['goes to its own zone', backend, group({ zones: ['a', 'b'] }), [`${backend}.a`]],
  ['crosses zones again', `${backend}.a`, group(), [backend]],
  [
    'is in backends of new listeners',
    `${backend}.80`,
    group({ ways: [way(80), way(81)] }),
    [`${backend}.80`, `${backend}.81`],
  ],
  ['is of no group whose name begins alike', `${backend}x`, group(), []],
])('%s', (_, was, now, expected) => {
  const inRotation = new Set([`${was}/${server}`]);
  followRotation(inRotation, { targetGroups: [now] });
  expect([...inRotation]).toEqual(expected.map((each) => `${each}/${server}`));
});
