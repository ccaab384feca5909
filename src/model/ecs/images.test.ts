import { expect, it } from 'vitest';
import { imageHost, isEcrImage } from './images.ts';

it.each([
  ['nginx', undefined, false],
  ['library/nginx:1', undefined, false],
  ['localhost/app', 'localhost', false],
  ['127.0.0.1:4566/app:1', '127.0.0.1:4566', true],
  ['localhost:4566/app@sha256:00', 'localhost:4566', true],
  ['169.254.170.2:4566/app', '169.254.170.2:4566', true],
  ['127.0.0.1:5000/app', '127.0.0.1:5000', false],
  ['000000000000.dkr.ecr.us-east-1.amazonaws.com/app', '000000000000.dkr.ecr.us-east-1.amazonaws.com', true],
  ['public.ecr.aws/nginx/nginx', 'public.ecr.aws', false],
])('%s lies at %s', (image, host, ecr) => {
  expect(imageHost(image)).toBe(host);
  expect(isEcrImage(image, '127.0.0.1:4566')).toBe(ecr);
});
