import { expect, it } from 'vitest';
import { container, payload } from '../control-for-tests.ts';
import { firelensEnvironment, routerConfig, routerOf } from './firelens.ts';

const hostConfig = JSON.stringify({ LogConfig: { Type: 'awsfirelens', Config: { Name: 'datadog' } } });
const app = container('app', 'true', {
  dockerConfig: { version: '1.18', config: '{}', hostConfig },
  secrets: [
    {
      name: 'apikey',
      valueFrom: 'key',
      provider: 'ssm',
      region: 'us-east-1',
      type: 'ENVIRONMENT_VARIABLE',
      target: 'LOG_DRIVER',
    },
  ],
});

it.each([
  ['fluentbit', 'apikey ${apikey_1}'],
  ['fluentd', `apikey "#{ENV['apikey_1']}"`],
] as const)('secret options stand in the environment of a %s router, not in its configuration', (type, line) => {
  const router = container('router', 'true', { firelensConfiguration: { type, options: {} } });
  const own = JSON.stringify({
    LogConfig: { Type: 'awsfirelens', Config: type === 'fluentd' ? { '@type': 'datadog' } : { Name: 'datadog' } },
  });
  const task = payload(0, [router, { ...app, dockerConfig: { ...app.dockerConfig, hostConfig: own } }]);
  const found = routerOf(task);
  if (found === undefined) throw new Error('no router');
  expect(routerConfig(task, found)).toContain(line);
  const fetched = { app: { environment: {}, logOptions: { apikey: 'sesame' } } };
  expect(firelensEnvironment(task, router, fetched)).toEqual({ apikey_1: 'sesame' });
});
