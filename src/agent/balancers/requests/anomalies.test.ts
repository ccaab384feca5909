import { expect, test } from 'vitest';
import type { AccessLine } from '../../../drivers/balancer/access-line.ts';
import { groupSpec, targetSpec } from '../../../drivers/balancer/spec-for-tests.ts';
import { Answers, judged } from './anomalies.ts';

const group = groupSpec(
  'web',
  [1, 2, 3, 4].map((port) => targetSpec(port, { lastHealth: 'healthy' })),
  {
    attributes: {
      'load_balancing.algorithm.type': 'weighted_random',
      'load_balancing.algorithm.anomaly_mitigation': 'on',
    },
  },
);

/** The ports that are odd when each target had 100 requests, of which so many failed; `undefined`: it had none. */
function odd(failed: readonly (number | undefined)[], of = group): number[] {
  const answers = new Answers();
  for (const [at, count] of failed.entries()) {
    if (count === undefined) continue;
    const lines = Array.from({ length: 100 }, (_, nth) => ({
      backend: 'tg_web_0123456789abcdef',
      chosen: `127.0.0.1:${at + 1}`,
      status: nth < count ? 502 : 200,
      ...(nth % 2 === 0 ? { targetStatus: nth < count ? 500 : 200 } : {}),
    }));
    answers.count(lines as unknown as AccessLine[]);
  }
  return answers.anomalous(of).map(({ port }) => port);
}

test.each([
  ['all is well', [0, 0, 0, 0], []],
  ['one fails', [0, 50, 0, 0], [2]],
  ['two of four fail', [80, 50, 0, 1], [1, 2]],
  ['all fail alike', [50, 50, 50, 50], []],
  ['never more than half', [90, 90, 90, 0], []],
  ['a little is not odd', [0, 4, 0, 0], []],
  ['fewer than three had requests', [50, 0, undefined, undefined], []],
])('%s', (_, failed, expected) => {
  expect(odd(failed)).toEqual(expected);
});

test('targets that are not healthy do not count', () => {
  const targets = group.targets.map((target) => ({ ...target, lastHealth: 'unhealthy' as const }));
  expect(odd([0, 50, 0, 0], { ...group, targets })).toEqual([]);
});

test('only groups that mitigate change shares', () => {
  const anomaly = { targetGroupArn: group.targetGroupArn, id: '127.0.0.1', port: 2, mitigated: true };
  expect(judged([group], [anomaly]).map(({ port, isAnomalous }) => [port, isAnomalous])).toEqual([
    [1, false],
    [2, true],
    [3, false],
    [4, false],
  ]);
  const off = { ...group, attributes: { ...group.attributes, 'load_balancing.algorithm.anomaly_mitigation': 'off' } };
  expect(judged([off], [anomaly]).some(({ isAnomalous }) => isAnomalous)).toBe(false);
  expect(judged([{ ...group, attributes: {} }], [anomaly])).toEqual([]);
});
