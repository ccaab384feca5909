import { DriverError } from '../../base/errors.ts';
import type { ContainerSpec, ContainerState, DockerDriver } from '../../drivers/docker/driver.ts';
import { resolverAddress } from '../../drivers/network/driver.ts';
import type { InstanceSpec } from '../../wire/instance-spec.ts';
import { ensurePauseImage, pauseImage } from '../pause/image.ts';
import { labels } from '../tasks/names.ts';
import type { InstanceSandbox } from './inner-network.ts';

const bootLabel = 'stowage.boot';

/** Which boot of its instance a container is. */
export function bootOf({ labels: own }: ContainerState): number {
  return Number(own[bootLabel]);
}

/** Makes and starts the container whose network namespace is an instance's, unless it runs already. */
export async function instanceSandbox(
  deps: { readonly docker: DockerDriver; readonly installationId: string; readonly arch: string },
  spec: InstanceSpec,
  cgroupParent: string,
): Promise<InstanceSandbox> {
  const { docker } = deps;
  const container = sandboxSpec(deps.installationId, spec, cgroupParent);
  let containerId: string;
  try {
    containerId = await docker.create(container);
  } catch (error) {
    if (!(error instanceof DriverError) || error.kind !== 'gone') throw error;
    await ensurePauseImage(docker, deps.arch);
    containerId = await docker.create(container);
  }
  await docker.start(containerId);
  const { pid } = await docker.inspect(containerId);
  if (pid === 0) throw new DriverError('retryable', 'the instance ended while it was started');
  return { containerId, pid };
}

function sandboxSpec(installationId: string, spec: InstanceSpec, cgroupParent: string): ContainerSpec {
  const { instanceId, hostName, domainName, privateIp, boot } = spec;
  return {
    name: `stowage-${installationId}-${instanceId}`,
    image: pauseImage,
    labels: {
      [labels.installation]: installationId,
      [labels.instance]: instanceId,
      [bootLabel]: String(boot),
    },
    env: {},
    config: { Hostname: hostName },
    hostConfig: {
      NetworkMode: 'none',
      Dns: [resolverAddress],
      DnsSearch: [domainName],
      ExtraHosts: [`${hostName}:${privateIp}`],
      LogConfig: { Type: 'none', Config: {} },
      CapDrop: ['ALL'],
      ...(cgroupParent === '' ? {} : { CgroupParent: cgroupParent }),
    },
  };
}
