import {
  CreateClusterCommand,
  DescribeTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { arch } from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { locate } from '../../src/cli/prepare/packages.ts';
import { createDocker } from '../../src/drivers/docker/engine.ts';
import { tarOf } from '../../src/drivers/docker/tar.ts';
import { eventually, must } from '../support/clients.ts';
import { startInstallation, type TestInstallation } from '../support/installation.ts';
import { sdk } from '../support/web-service.ts';
import { definitionNames, definitions, type DefinitionName } from './definitions.ts';
import { clientConfig, look, startInstance } from './look.ts';
import { rows, type Seen } from './rows.ts';

const hostPath = mkdtempSync(join(tmpdir(), 'stowage-fields-'));
const sharedVolume = basename(hostPath);
const image = `stowage-test-fields:${sharedVolume.slice('stowage-fields-'.length)}`;
const logGroup = '/fields';
const docker = createDocker({ clock: systemClock, dockerHost: process.env['DOCKER_HOST'] });
const seen = new Map<DefinitionName, Seen>();

let installation: TestInstallation;

beforeAll(async () => {
  writeFileSync(join(hostPath, 'note'), 'from the machine');
  const shell = await readFile(locate('busybox') ?? '/bin/busybox');
  await docker.importImage(image, tarOf([{ path: 'bin/sh', data: shell }]), { entryPoint: ['/bin/sh'] });
  installation = await startInstallation();
  const { ecs } = sdk(installation);
  await ecs.send(new CreateClusterCommand({}));
  const trust = { Effect: 'Allow', Principal: { Service: 'ecs-tasks.amazonaws.com' }, Action: 'sts:AssumeRole' };
  await new IAMClient(clientConfig(installation)).send(
    new CreateRoleCommand({
      RoleName: 'fields',
      AssumeRolePolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [trust] }),
    }),
  );
  const s3 = new S3Client({ ...clientConfig(installation), forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: 'fields' }));
  const files = ['# Numbers\nNUMBER=one\nCOLOUR=red\nEMPTY=\n', 'NUMBER=two\r\nPLANET="Mars" = red\r\n'];
  const environmentFiles = await Promise.all(
    files.map(async (Body, index) => {
      await s3.send(new PutObjectCommand({ Bucket: 'fields', Key: `of the app/${index}.env`, Body }));
      return `arn:aws:s3:::fields/of the app/${index}.env`;
    }),
  );
  await startInstance(installation);
  const architecture = arch === 'arm64' ? 'ARM64' : 'X86_64';
  const all = definitions({ image, logGroup, environmentFiles, architecture, hostPath, sharedVolume });
  const looking = definitionNames.map(async (name) => {
    const input = all[name];
    await ecs.send(new RegisterTaskDefinitionCommand(input));
    const launchType = input.requiresCompatibilities?.[0] === 'FARGATE' ? 'FARGATE' : 'EC2';
    seen.set(name, await look(installation, input.family ?? '', launchType, logGroup));
  });
  await Promise.all(looking);
});
afterAll(async () => {
  installation?.remove();
  rmSync(hostPath, { recursive: true, force: true });
  await must('docker', ['rmi', '-f', image]);
  await docker.removeVolume(sharedVolume);
  await docker.close();
});

describe('a task definition says, and on the machine it is so:', () => {
  test.each(Object.entries(rows).flatMap(([path, row]) => ('effect' in row ? [[path, row] as const] : [])))(
    '%s',
    (_, { on, effect }) => {
      const one = seen.get(on);
      if (one === undefined) throw new Error(`nothing was seen of ${on}`);
      effect(one);
    },
  );
});

test('a container that is deaf to SIGTERM is killed once its stopTimeout is over', async () => {
  const { ecs } = sdk(installation);
  const tasks = [seen.get('memory')?.task.taskArn ?? ''];
  await ecs.send(new StopTaskCommand({ task: tasks[0] }));
  // Without it that would take thirty seconds.
  await eventually('it has ended', 25_000, async () => {
    const { tasks: [task] = [] } = await ecs.send(new DescribeTasksCommand({ tasks }));
    return task?.containers?.find(({ name }) => name === 'deaf')?.exitCode === 137 ? true : undefined;
  });
});

test('a container whose resourceRequirements have the type GPU finds no machine that has the value', async () => {
  const { ecs } = sdk(installation);
  const resourceRequirements = [{ type: 'GPU', value: '1' } as const];
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      family: 'fields-gpu',
      containerDefinitions: [{ name: 'main', image, memory: 64, resourceRequirements }],
    }),
  );
  const { tasks, failures } = await ecs.send(new RunTaskCommand({ taskDefinition: 'fields-gpu', launchType: 'EC2' }));
  expect(tasks).toEqual([]);
  expect(failures?.map(({ reason }) => reason)).toEqual(['RESOURCE:GPU']);
});

test('overrides of RunTask take the place of what the definition says', async () => {
  const role = 'arn:aws:iam::000000000000:role/fields';
  const { saw, engine, task } = await look(installation, 'fields-together', 'FARGATE', logGroup, {
    cpu: '1024',
    memory: '2048',
    ephemeralStorage: { sizeInGiB: 40 },
    taskRoleArn: role,
    executionRoleArn: role,
    containerOverrides: [
      {
        name: 'main',
        environment: [{ name: 'COLOUR', value: 'green' }],
        cpu: 64,
        memory: 128,
        memoryReservation: 64,
      },
      { name: 'sleeper', command: ['exec sleep 986'] },
    ],
  });
  expect(task).toMatchObject({ cpu: '1024', memory: '2048', ephemeralStorage: { sizeInGiB: 40 } });
  expect(saw('main', 'colour')).toBe('green');
  expect(saw('main', 'memory')).toBe(String(128 * 2 ** 20));
  expect(saw('main', 'soft')).toBe(String(64 * 2 ** 20));
  expect(saw('main', 'role')).toMatch(/^\/v2\/credentials\//);
  // The sleeper sleeps another time.
  expect(saw('main', 'processes')).toBe('0');
  expect(engine('main').HostConfig['CpuShares']).toBe(64);
  expect(engine('sleeper').HostConfig['Memory']).toBe(2048 * 2 ** 20);
});
