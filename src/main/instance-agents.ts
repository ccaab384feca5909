import type { InstanceIntroduction } from '../agent/agent.ts';
import type { Ctx } from '../aws/handlers.ts';
import { AwsError } from '../base/errors.ts';
import type { MachineHello } from '../fleet/deps.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { translateInstance } from '../fleet/translate-instance.ts';
import { agentHash, agentVersion } from '../model/ec2/images.ts';
import type { Instance } from '../model/ec2/instance.ts';
import type { ContainerInstance } from '../model/ecs/container-instance.ts';
import type { ServiceDeps } from '../services/deps.ts';
import { instances } from '../store/tables/ec2.ts';
import { containerInstances } from '../store/tables/ecs.ts';
import type { InstanceSpec } from '../wire/instance-spec.ts';
import { loopback } from '../wire/loopback.ts';
import type { AgentMessage, Channel, ServerMessage } from '../wire/messages.ts';

/** The ports that agents reserve: SSH's, Docker's and their own. */
const reservedPorts = ['22', '2375', '2376', '51678', '51679'];

/** What an instance's agent says of itself. */
type Introduced = Pick<InstanceIntroduction, 'attributes' | 'dockerVersion'> & { readonly instanceId: string };

/** Lets the agent of an instance in: what the fleet is to know of it, `undefined` when its instance was deregistered. */
export type InstanceAdmission = (introduced: Introduced) => Promise<MachineHello | undefined>;

/**
 * What the agent of an instance of ours does before its session: RegisterContainerInstance, under its earlier ARN where it has
 * one.
 */
export function instanceAdmission(deps: ServiceDeps): InstanceAdmission {
  const { store } = deps;
  return async (introduced) => {
    const { instanceId } = introduced;
    const host = store.get(instances, instanceId);
    const spec = host && translateInstance(store, host, undefined);
    if (host === undefined || spec?.agent === undefined) {
      throw new Error(`there is no instance ${instanceId} with an agent`);
    }
    const [known] = store.by(containerInstances, 'ec2Instance', instanceId);
    if (known?.status === 'INACTIVE') return undefined;
    const row = await register(deps, { ...introduced, spec }, host, known);
    return {
      id: instanceId,
      // Beyond what it registered with: this agent carries tunnels, though its host keeps the networks.
      attributes: [...row.attributes, { name: 'stowage.tunnels' }],
      resources: { cpu: row.resources.cpu, memory: row.resources.memory },
      registration: { clusterArn: row.clusterArn, containerInstanceArn: row.arn },
    };
  };
}

/** Connects the agents of instances in this process. One whose instance was deregistered never gets a connection, as with ECS. */
export function instanceConnector(
  admit: InstanceAdmission,
  fleet: Fleet,
): (instance: InstanceIntroduction) => Promise<Channel<AgentMessage, ServerMessage>> {
  return async ({ spec, attributes, dockerVersion }) => {
    const hello = await admit({ instanceId: spec.instanceId, attributes, dockerVersion });
    if (hello === undefined) return new Promise(() => {});
    const { left, right } = loopback<AgentMessage, ServerMessage>();
    fleet.connect(hello, right);
    return left;
  };
}

async function register(
  deps: ServiceDeps,
  { spec, attributes, dockerVersion }: Introduced & { readonly spec: InstanceSpec },
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
