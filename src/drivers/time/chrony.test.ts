import { expect, it } from 'vitest';
import { DriverError } from '../../base/errors.ts';
import { chrony, parseTracking } from './chrony.ts';

const good =
  'A9FEA97B,169.254.169.123,4,1700000000.123456,0.000012000,-0.000001,0.000010,-12.3,0.001,0.02,0.0004,0.0003,16.1,Normal';

it('takes the bound from what chrony says', () => {
  expect(parseTracking(`${good}\n`)).toEqual({
    errorBoundMs: expect.closeTo(0.512) as number,
    referenceAt: expect.closeTo(1_700_000_000_123.456) as number,
    synchronized: true,
  });
  expect(parseTracking(good.replace('Normal', 'Not synchronised'))?.synchronized).toBe(false);
  expect(parseTracking('506 Cannot talk to daemon')).toBeUndefined();
  expect(parseTracking(good.replace('0.0004', '?'))).toBeUndefined();
});

it('says nothing where there is no chrony', async () => {
  const missing = chrony(() => Promise.reject(new DriverError('fatal', 'chronyc is not installed')));
  expect(await missing.drift()).toBeUndefined();
  expect(await chrony(() => Promise.resolve({ stdout: good, stderr: '' })).drift()).toMatchObject({
    synchronized: true,
  });
});
