import type { ContainerSpec } from '../../drivers/docker/driver.ts';
import { resolverAddress } from '../../drivers/network/driver.ts';
import type { InterfaceNames } from '../../wire/acs.ts';
import { pauseImage } from './image.ts';

/**
 * All of a pause container but whose it is. Containers that join it see its hostname, its hosts file and its resolver, which
 * an engine fixes when it makes the container: they are those of the interface that the task will have. Its network namespace
 * is not the engine's doing, which takes more time than all else of its start: it begins in the machine's, and its
 * program makes one of its own (docs/decisions/0020).
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
    command: ['apart'],
    env: {},
    config: name === '' ? {} : { Hostname: name },
    hostConfig: {
      NetworkMode: 'host',
      Dns: servers.length > 0 ? servers : [resolverAddress],
      DnsSearch: names?.domainName ?? [],
      // Without any, its hosts file would be the machine's.
      ExtraHosts: [name === '' || address === undefined ? 'localhost:127.0.0.1' : `${name}:${address}`],
      LogConfig: { Type: 'none', Config: {} },
      CapDrop: ['ALL'],
      CapAdd: ['SYS_ADMIN'],
      ...more,
    },
  };
}
