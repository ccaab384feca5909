import { spawn } from 'node:child_process';
import type { Command } from '../command.ts';
import { endpointOf, UsageError } from '../installation.ts';
import { locate } from '../prepare/packages.ts';
import { clientEnvironment } from './env.ts';

/** `stowage aws …`: the aws CLI with the endpoint set, also one too old to know AWS_ENDPOINT_URL. */
export const aws: Command = {
  name: 'aws',
  usage: 'aws …',
  summary: 'run the aws CLI against this installation',
  options: {},
  passThrough: true,
  run({ installation, arguments: args }) {
    const program = locate('aws');
    if (program === undefined) {
      throw new UsageError("the aws CLI is not installed: 'apt-get install awscli', or 'stowage demo' does it");
    }
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const given = args.some((arg) => arg.startsWith('--endpoint-url'));
    const child = spawn(program, [...(given ? [] : ['--endpoint-url', endpointOf(installation)]), ...args], {
      stdio: 'inherit',
      env: { ...process.env, ...clientEnvironment(installation) },
    });
    child.on('error', reject);
    child.on('exit', (status) => resolve(status ?? 1));
    return promise;
  },
};
