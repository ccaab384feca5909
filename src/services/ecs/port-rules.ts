import type { ContainerDefinition, PortMapping } from '@aws-sdk/client-ecs';
import { parsePortRange } from '../../model/ecs/port-range.ts';
import { clientException, invalidSetting } from './errors.ts';

/** How many ranges of ports a container can have ("PortMapping", ECS API Reference). */
const maxRanges = 100;

const appProtocols: readonly string[] = ['http', 'http2', 'grpc'];

/** The rules for the port mappings of a task's containers, by its network mode. Throws `ClientException`. */
export function checkPorts(containers: readonly ContainerDefinition[], networkMode: string): void {
  const names = new Set<string>();
  // In a network that the containers share a port is one container's; elsewhere a port of the host is one mapping's.
  const shared = networkMode === 'awsvpc' || networkMode === 'host';
  const taken = new Set<string>();
  for (const container of containers) {
    const mappings = container.portMappings ?? [];
    if (mappings.filter(({ containerPortRange }) => containerPortRange !== undefined).length > maxRanges) {
      throw invalidSetting('containerPortRange', container.name, `At most ${maxRanges} ranges can be given.`);
    }
    const ranged = new Set<string>();
    for (const mapping of mappings) {
      checkMapping(mapping, container.name, networkMode);
      for (const port of shared ? containerPorts(mapping) : hostPorts(mapping)) {
        take(taken, `${mapping.protocol ?? 'tcp'} ${port}`, shared ? 'container' : 'host', networkMode);
      }
      if (!shared && mapping.containerPortRange !== undefined) {
        for (const port of containerPorts(mapping)) {
          take(ranged, `${mapping.protocol ?? 'tcp'} ${port}`, 'container', networkMode);
        }
      }
      const { name } = mapping;
      if (name === undefined) continue;
      if (names.has(name)) throw clientException(`When networkMode=${networkMode}, port mapping name is already used`);
      names.add(name);
    }
  }
}

function checkMapping(mapping: PortMapping, container: string | undefined, networkMode: string): void {
  const { containerPort, hostPort, protocol = 'tcp', name, appProtocol, containerPortRange } = mapping;
  if (protocol !== 'tcp' && protocol !== 'udp') {
    throw invalidSetting('protocol', container, 'Use tcp or udp.');
  }
  if (containerPortRange !== undefined) {
    if (containerPort !== undefined || hostPort !== undefined) {
      throw clientException('cannot specify both single port and port range');
    }
    if (networkMode !== 'awsvpc' && networkMode !== 'bridge') {
      throw invalidSetting('containerPortRange', container, 'Use the network mode bridge or awsvpc.');
    }
    if (parsePortRange(containerPortRange) === undefined) throw invalidSetting('containerPortRange', container);
  } else {
    checkPort('containerPort', containerPort, 1, container);
    if (hostPort !== undefined) checkPort('hostPort', hostPort, 0, container);
    // Zero asks for a port of the host's choice; here the container's own is the only one.
    const shared = networkMode === 'awsvpc' || networkMode === 'host';
    if (shared && hostPort !== undefined && hostPort !== 0 && hostPort !== containerPort) {
      throw clientException(
        `When networkMode=${networkMode}, the host ports and container ports in port mappings must match.`,
      );
    }
  }
  if (name !== undefined && !/^[a-z0-9_][a-z0-9_-]{0,63}$/.test(name)) {
    throw clientException(`Invalid 'name' setting in the port mappings of container '${container}'.`);
  }
  if (appProtocol !== undefined && !appProtocols.includes(appProtocol)) {
    throw invalidSetting('appProtocol', container, `Use one of ${appProtocols.join(', ')}.`);
  }
}

function containerPorts({ containerPort, containerPortRange }: PortMapping): number[] {
  const range = containerPortRange === undefined ? undefined : parsePortRange(containerPortRange);
  if (range === undefined) return containerPort === undefined ? [] : [containerPort];
  return Array.from({ length: range.last - range.first + 1 }, (_, index) => range.first + index);
}

function hostPorts({ hostPort }: PortMapping): number[] {
  return hostPort === undefined || hostPort === 0 ? [] : [hostPort];
}

function take(taken: Set<string>, key: string, what: 'container' | 'host', networkMode: string): void {
  if (taken.has(key)) {
    const [protocol = '', port = ''] = key.split(' ');
    throw clientException(
      `${protocol.toUpperCase()} ${what} port '${port}' is used multiple times in task when networkMode=${networkMode}.`,
    );
  }
  taken.add(key);
}

function checkPort(member: string, port: number | undefined, least: number, container: string | undefined): void {
  if (port === undefined || !Number.isInteger(port) || port < least || port > 65_535) {
    throw invalidSetting(member, container);
  }
}
