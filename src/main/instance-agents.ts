import type { InstanceIntroduction } from '../agent/agent.ts';
import type { Ctx } from '../aws/handlers.ts';
import { AwsError } from '../base/errors.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { agentHash, agentVersion } from '../model/ec2/images.ts';
import type { Instance } from '../model/ec2/instance.ts';
import type { ContainerInstance } from '../model/ecs/container-instance.ts';
import type { ServiceDeps } from '../services/deps.ts';
import { instances } from '../store/tables/ec2.ts';
import { containerInstances } from '../store/tables/ecs.ts';
import { loopback } from '../wire/loopback.ts';
import type { AgentMessage, Channel, ServerMessage } from '../wire/messages.ts';

/** The ports that agents reserve: SSH's, Docker's and their own. */
const reservedPorts = ['22', '2375', '2376', '51678', '51679'];

/**
 * What the agent of an instance in this process does before its session: RegisterContainerInstance, under its earlier ARN where it has
 * one, then the connection. An agent whose instance was deregistered never gets one, as with ECS.
 */
export function instanceConnector(
  deps: ServiceDeps,
  fleet: Fleet,
): (instance: InstanceIntroduction) => Promise<Channel<AgentMessage, ServerMessage>> {
  const { store } = deps;
  return async (introduction) => {
    const { instanceId, agent } = introduction.spec;
    const host = store.get(instances, instanceId);
    if (host === undefined || agent === undefined) throw new Error(`there is no instance ${instanceId} with an agent`);
    const [known] = store.by(containerInstances, 'ec2Instance', instanceId);
    if (known?.status === 'INACTIVE') return new Promise(() => {});
    const row = await register(deps, introduction, host, known);
    const { left, right } = loopback<AgentMessage, ServerMessage>();
    fleet.connect(
      {
        id: instanceId,
        // Beyond what it registered with: this agent carries tunnels, though its host keeps the networks.
        attributes: [...row.attributes, { name: 'stowage.tunnels' }],
        resources: { cpu: row.resources.cpu, memory: row.resources.memory },
        registration: { clusterArn: row.clusterArn, containerInstanceArn: row.arn },
      },
      right,
    );
    return left;
  };
}

async function register(
  deps: ServiceDeps,
  { spec, attributes, dockerVersion }: InstanceIntroduction,
  host: Instance,
  known: ContainerInstance | undefined,
): Promise<ContainerInstance> {
  const { registerContainerInstance } = await import('../services/ecs/register-instance.ts');
  const cluster = spec.agent?.cluster ?? 'default';
  const ctx = agentOf(host);
  const call = (): ContainerInstance =>
    registerContainerInstance(
      deps,
      {
        cluster,
        ...(known === undefined ? {} : { containerInstanceArn: known.arn }),
        instanceIdentityDocument: JSON.stringify({ instanceId: host.id }),
        totalResources: [
          { name: 'CPU', type: 'INTEGER', integerValue: spec.cpus * 1024 },
          { name: 'MEMORY', type: 'INTEGER', integerValue: spec.agent?.memoryMiB ?? spec.memoryMiB },
          { name: 'PORTS', type: 'STRINGSET', stringSetValue: reservedPorts },
          { name: 'PORTS_UDP', type: 'STRINGSET', stringSetValue: [] },
        ],
        attributes: attributes.map((one) => ({ ...one })),
        versionInfo: { agentVersion, agentHash, dockerVersion: `DockerVersion: ${dockerVersion}` },
        // Tags are given at the first registration; later ones are the API's matter.
        ...(known === undefined
          ? { tags: Object.entries(spec.agent?.tags ?? {}).map(([key, value]) => ({ key, value })) }
          : {}),
      },
      ctx,
    );
  try {
    return call();
  } catch (error) {
    if (!(error instanceof AwsError) || error.code !== 'ClusterNotFoundException' || cluster !== 'default') throw error;
    // As the genuine agent does that was told of no cluster.
    const { clusterHandlers } = await import('../services/ecs/clusters.ts');
    clusterHandlers(deps).CreateCluster({ clusterName: 'default' }, ctx);
    return call();
  }
}

/** An agent calls in the name of its instance. */
function agentOf(host: Instance): Ctx {
  const { account, region, id } = host;
  return {
    account,
    region,
    caller: { accessKeyId: id, account, arn: `arn:aws:ec2:${region}:${account}:instance/${id}`, userId: id },
    requestId: id,
    endpoint: '',
    signal: new AbortController().signal,
  };
}
