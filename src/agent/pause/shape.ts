import type { ContainerSpec } from '../../drivers/docker/driver.ts';
import { resolverAddress } from '../../drivers/network/driver.ts';
import type { InterfaceNames } from '../../wire/acs.ts';
import { pauseImage } from './image.ts';

/**
 * All of a pause container but whose it is. Containers that join it see its hostname, its hosts file and its resolver, which
 * an engine fixes when it makes the container: they are those of the interface that the task will have.
 */
export function pauseShape(
  names: InterfaceNames | undefined,
  more: Readonly<Record<string, unknown>> = {},
): Omit<ContainerSpec, 'name' | 'labels'> {
  const address = names?.ipv4Addresses[0]?.privateAddress;
  const name = names?.privateDnsName ?? '';
  const servers = names?.domainNameServers ?? [];
  return {
    image: pauseImage,
    env: {},
    config: name === '' ? {} : { Hostname: name },
    hostConfig: {
      NetworkMode: 'none',
      Dns: servers.length > 0 ? servers : [resolverAddress],
      DnsSearch: names?.domainName ?? [],
      ...(name === '' || address === undefined ? {} : { ExtraHosts: [`${name}:${address}`] }),
      LogConfig: { Type: 'none', Config: {} },
      CapDrop: ['ALL'],
      ...more,
    },
  };
}
