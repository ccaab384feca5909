import { expect, test } from 'vitest';
import { ecrImage } from './image-reference.ts';

const scope = { account: '000000000000', region: 'us-east-1' };
const host = '127.0.0.1:4566';

test.each([
  ['127.0.0.1:4566/app', '000000000000', 'us-east-1', 'app', '', '127.0.0.1:4566/app'],
  ['localhost:4566/team/app:v1', '000000000000', 'us-east-1', 'team/app', ':v1', '127.0.0.1:4566/team/app:v1'],
  [
    '111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:v1@sha256:00',
    '111122223333',
    'eu-west-1',
    'app',
    ':v1@sha256:00',
    '127.0.0.1:4566/111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:v1@sha256:00',
  ],
  [
    '127.0.0.1:4566/111122223333.dkr.ecr.eu-west-1.amazonaws.com/app',
    '111122223333',
    'eu-west-1',
    'app',
    '',
    '127.0.0.1:4566/111122223333.dkr.ecr.eu-west-1.amazonaws.com/app',
  ],
])('%s', (image, account, region, repository, suffix, pull) => {
  expect(ecrImage(image, host, scope)).toEqual({ account, region, repository, suffix, pull });
});

test.each(['nginx', 'public.ecr.aws/nginx/nginx:1', '127.0.0.1:5000/app', 'example.com/app'])(
  '%s is not ours',
  (image) => {
    expect(ecrImage(image, host, scope)).toBeUndefined();
  },
);
