import { expect, it } from 'vitest';
import { gzipSync } from 'node:zlib';
import { agentSettings, ecsConfigOf, ignoredSettings, isOn, secondsOf, textsIn } from './user-data.ts';

it.each([
  ['one line', '#!/bin/bash\necho ECS_CLUSTER=web >> /etc/ecs/ecs.config', { ECS_CLUSTER: 'web' }],
  ['quotes', "#!/bin/bash\necho 'ECS_CLUSTER=web' > /etc/ecs/ecs.config;", { ECS_CLUSTER: 'web' }],
  ['double quotes', 'echo "ECS_CLUSTER=web" >> /etc/ecs/ecs.config', { ECS_CLUSTER: 'web' }],
  [
    'several lines in one echo',
    'echo -e "ECS_CLUSTER=web\\nECS_RESERVED_MEMORY=64" >> /etc/ecs/ecs.config',
    { ECS_CLUSTER: 'web', ECS_RESERVED_MEMORY: '64' },
  ],
  [
    'a here-document',
    '#!/bin/bash\ncat <<\'EOF\' >> /etc/ecs/ecs.config\nECS_CLUSTER=web\nECS_INSTANCE_ATTRIBUTES={"stack":"prod"}\nEOF\necho done',
    { ECS_CLUSTER: 'web', ECS_INSTANCE_ATTRIBUTES: '{"stack":"prod"}' },
  ],
  ['sudo tee', 'echo ECS_CLUSTER=web | sudo tee -a /etc/ecs/ecs.config', { ECS_CLUSTER: 'web' }],
  [
    'the last one wins',
    'echo ECS_CLUSTER=a >> /etc/ecs/ecs.config\necho ECS_CLUSTER=b >> /etc/ecs/ecs.config',
    { ECS_CLUSTER: 'b' },
  ],
  [
    'a file of a cloud-config',
    '#cloud-config\nwrite_files:\n  - path: /etc/ecs/ecs.config\n    owner: root\n    content: |\n      ECS_CLUSTER=web\n\n      ECS_RESERVED_MEMORY=64\n  - path: /etc/other\n    content: |\n      ECS_CLUSTER=other\nruncmd:\n  - echo ECS_AWSVPC_BLOCK_IMDS=true >> /etc/ecs/ecs.config\n',
    { ECS_CLUSTER: 'web', ECS_RESERVED_MEMORY: '64', ECS_AWSVPC_BLOCK_IMDS: 'true' },
  ],
  [
    'one whose content comes first, on one line',
    '#cloud-config\nwrite_files:\n- content: ECS_CLUSTER=web\n  path: /etc/ecs/ecs.config\n',
    { ECS_CLUSTER: 'web' },
  ],
  ['another file', 'echo ECS_CLUSTER=web >> /etc/other', {}],
  ['nothing', '', {}],
])('reads %s', (_, text, settings) => {
  expect(ecsConfigOf(text)).toEqual(settings);
});

it('reads objects of texts, escaped or not', () => {
  expect(textsIn('{"stack":"prod","n":1}')).toEqual({ stack: 'prod', n: '1' });
  expect(textsIn('{\\"stack\\":\\"prod\\"}')).toEqual({ stack: 'prod' });
  expect(textsIn('not json')).toEqual({});
});

it('reads compressed user data, and none that are damaged', () => {
  const packed = gzipSync('echo ECS_CLUSTER=web >> /etc/ecs/ecs.config');
  expect(agentSettings({ userData: packed.toString('base64') })).toEqual({ ECS_CLUSTER: 'web' });
  expect(agentSettings({ userData: packed.subarray(0, 20).toString('base64') })).toEqual({});
  expect(agentSettings({})).toEqual({});
});

it('says which settings it does not act on', () => {
  const settings = {
    ECS_CLUSTER: 'web',
    ECS_ENABLE_TASK_IAM_ROLE: 'true',
    ECS_ENABLE_CONTAINER_METADATA: 'true',
    ECS_IMAGE_CLEANUP_INTERVAL: '1h',
  };
  expect(ignoredSettings(settings)).toEqual(['ECS_ENABLE_CONTAINER_METADATA=true', 'ECS_IMAGE_CLEANUP_INTERVAL=1h']);
});

it.each([
  ['30s', 30],
  ['1m30s', 90],
  ['2h', 7200],
  ['500ms', undefined],
  ['0s', undefined],
  ['soon', undefined],
  ['', undefined],
])('reads the duration %s', (text, seconds) => {
  expect(secondsOf(text)).toBe(seconds);
});

it.each([
  ['true', true],
  ['1', true],
  ['T', true],
  ['false', false],
  ['', false],
  [undefined, false],
])('reads the switch %s', (text, on) => {
  expect(isOn(text)).toBe(on);
});
