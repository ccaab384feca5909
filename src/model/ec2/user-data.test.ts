import { expect, it } from 'vitest';
import { ecsConfigOf, textsIn } from './user-data.ts';

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
