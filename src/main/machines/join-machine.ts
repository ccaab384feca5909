import { AwsError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import type { Ids } from '../../base/ids.ts';
import { imagesOf } from '../../model/ec2/images.ts';
import type { Instance } from '../../model/ec2/instance.ts';
import { machineInstanceType } from '../../model/ec2/instance-types.ts';
import type { Scoped } from '../../model/tags.ts';
import { runInstances } from '../../services/ec2/run-instances.ts';
import { ensureDefaultVpc } from '../../store/default-vpc.ts';
import { issueKey, useToken } from '../../store/membership.ts';
import type { Store, Transaction } from '../../store/store.ts';
import { instances } from '../../store/tables/ec2.ts';
import { clusters } from '../../store/tables/ecs.ts';
import { members } from '../../store/tables/fleet.ts';
import { clusterArn } from '../../model/ecs/arns.ts';
import type { JoinAnswer, JoinRequest } from '../../wire/join.ts';

/** What joining needs. */
export interface JoinDeps {
  readonly store: Store;
  readonly ids: Ids;
  readonly publicPool: string;
  /** Where the control plane is at home: the machine's instance and cluster are there. */
  readonly scope: Scoped;
}

/**
 * Takes a machine in, in one commit: its token is used up, it gets an id and a key, and an EC2 instance that is the whole of it, started
 * from the ECS-optimized image, which registers as a container instance once the machine connects (decision 0012). Throws what the machine is told.
 */
export function joinMachine(deps: JoinDeps, input: unknown, now: number): JoinAnswer {
  const request = readRequest(input);
  const { store, ids, scope } = deps;
  return store.transact((tx) => {
    const machineId = `m-0${ids.hex(16)}`;
    useToken(tx, request.token, machineId, now);
    const instance = request.cluster === undefined ? undefined : startInstance(deps, tx, machineId, request, now);
    tx.put(members, { id: machineId, name: request.name, joinedAt: now, ...given('instanceId', instance?.id) });
    const { accessKeyId, secretAccessKey } = issueKey(tx, ids, now, machineId);
    return {
      machineId,
      region: scope.region,
      key: { accessKeyId, secretAccessKey },
      publicPool: deps.publicPool,
      ...given('instanceId', instance?.id),
    };
  });
}

/** The instance that a machine is in a cluster. */
function startInstance(
  { ids, publicPool, scope }: JoinDeps,
  tx: Transaction,
  machineId: string,
  { cluster = 'default', attributes, zone, reservedMemory, resources, name, arch }: JoinRequest,
  now: number,
): Instance {
  // The agent makes the cluster `default` itself, as the genuine one does; any other is to exist.
  if (cluster !== 'default' && tx.get(clusters, clusterArn(scope, cluster))?.status !== 'ACTIVE') {
    throw new AwsError(
      'ClusterNotFoundException',
      `there is no cluster ${cluster} in ${scope.region}: create it first`,
    );
  }
  ensureDefaultVpc(tx, ids, now, scope);
  const architecture = arch === 'arm64' ? 'arm64' : 'x86_64';
  const image = imagesOf(scope.region).find((each) => each.ecsOptimized && each.architecture === architecture);
  const config = [
    `ECS_CLUSTER=${cluster}`,
    `ECS_INSTANCE_ATTRIBUTES=${JSON.stringify(attributes)}`,
    ...(reservedMemory > 0 ? [`ECS_RESERVED_MEMORY=${reservedMemory}`] : []),
  ];
  const [row] = runInstances(
    {
      ImageId: image?.id,
      // The least that there is: its size is the machine's, below.
      InstanceType: architecture === 'arm64' ? 't4g.nano' : 't2.nano',
      MinCount: 1,
      MaxCount: 1,
      UserData: Buffer.from(userData(config)).toString('base64'),
      ...(zone === undefined ? {} : { Placement: { AvailabilityZone: zone } }),
      TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'Name', Value: name }] }],
    },
    { tx, ids, now, publicPool, ...scope },
    'known',
  );
  if (row === undefined) throw new Error('no instance was started');
  const instance: Instance = {
    ...row,
    instanceType: machineInstanceType,
    size: { vcpus: resources.cpu / 1024, memoryMiB: resources.memory },
    hostId: machineId,
  };
  tx.put(instances, instance);
  return instance;
}

function userData(config: readonly string[]): string {
  return `#!/bin/bash\ncat <<'EOF' >> /etc/ecs/ecs.config\n${config.join('\n')}\nEOF\n`;
}

/** Reads a request. Throws what is wrong with it. */
function readRequest(input: unknown): JoinRequest {
  const said = (input ?? {}) as Partial<Record<keyof JoinRequest, unknown>>;
  const text = (name: 'token' | 'name' | 'cluster' | 'zone' | 'arch', form: RegExp): string => {
    const value = said[name];
    if (typeof value === 'string' && form.test(value)) return value;
    throw new AwsError('ValidationError', `${name} is missing or makes no sense`);
  };
  const count = (name: string, value: unknown, least: number): number => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= least) return value;
    throw new AwsError('ValidationError', `${name} is to be a whole number, ${least} or more`);
  };
  const resources = (said.resources ?? {}) as Record<string, unknown>;
  return {
    token: text('token', /^\S{1,200}$/),
    name: text('name', /^[\w.-]{1,253}$/),
    arch: text('arch', /^(x64|arm64)$/),
    resources: {
      cpu: count('resources.cpu', resources['cpu'], 1),
      memory: count('resources.memory', resources['memory'], 1),
    },
    ...(said.cluster === undefined ? {} : { cluster: text('cluster', /^[\w-]{1,255}$/) }),
    ...(said.zone === undefined ? {} : { zone: text('zone', /^[a-z0-9-]{1,40}$/) }),
    attributes: readAttributes(said.attributes),
    reservedMemory: count('reservedMemory', said.reservedMemory ?? 0, 0),
  };
}

/** "Attribute", ECS API Reference: names of 128 characters and values of as many; those that begin with `ecs.` are ECS's own. */
function readAttributes(said: unknown): Record<string, string> {
  const entries = Object.entries((said ?? {}) as Record<string, unknown>);
  for (const [name, value] of entries) {
    const good = /^[\w./\\-]{1,128}$/.test(name) && typeof value === 'string' && /^[\w.:/@ \\-]{0,128}$/.test(value);
    if (!good) throw new AwsError('ValidationError', `${name}=${String(value)} cannot be an attribute`);
    if (/^(ecs|com\.amazonaws\.ecs)\./.test(name)) {
      throw new AwsError('ValidationError', `${name} cannot be set: attributes that begin so are ECS's own`);
    }
  }
  return Object.fromEntries(entries) as Record<string, string>;
}
