import type { ContainerDefinition } from '@aws-sdk/client-ecs';
import { clientException } from './errors.ts';

/** The rules for the port mappings of a task's containers, by its network mode. Throws `ClientException`. */
export function checkPorts(containers: readonly ContainerDefinition[], networkMode: string): void {
  const names = new Set<string>();
  const containerPorts = new Set<string>();
  const hostPorts = new Set<string>();
  for (const container of containers) {
    for (const mapping of container.portMappings ?? []) {
      const { containerPort, hostPort, protocol = 'tcp', name } = mapping;
      if (protocol !== 'tcp' && protocol !== 'udp') {
        throw clientException(`Invalid 'protocol' setting for container '${container.name}'. Use tcp or udp.`);
      }
      if (mapping.containerPortRange !== undefined) {
        if (containerPort === undefined && hostPort === undefined) continue;
        throw clientException('cannot specify both single port and port range');
      }
      checkRange('containerPort', containerPort, 1, container.name);
      if (hostPort !== undefined) checkRange('hostPort', hostPort, 0, container.name);
      if (networkMode === 'awsvpc' || networkMode === 'host') {
        // Zero asks for a port of the host's choice; here the container's own is the only one.
        if (hostPort !== undefined && hostPort !== 0 && hostPort !== containerPort) {
          throw clientException(
            `When networkMode=${networkMode}, the host ports and container ports in port mappings must match.`,
          );
        }
        const key = `${protocol} ${containerPort}`;
        if (containerPorts.has(key)) {
          throw clientException(
            `${protocol.toUpperCase()} container port '${containerPort}' is used multiple times in task when networkMode=${networkMode}.`,
          );
        }
        containerPorts.add(key);
      } else if (hostPort !== undefined && hostPort !== 0) {
        const key = `${protocol} ${hostPort}`;
        if (hostPorts.has(key)) {
          throw clientException(
            `${protocol.toUpperCase()} host port '${hostPort}' is used multiple times in task when networkMode=${networkMode}.`,
          );
        }
        hostPorts.add(key);
      }
      if (name === undefined) continue;
      if (!/^[a-z0-9_][a-z0-9_-]{0,63}$/.test(name)) {
        throw clientException(`Invalid 'name' setting in the port mappings of container '${container.name}'.`);
      }
      if (names.has(name)) throw clientException(`When networkMode=${networkMode}, port mapping name is already used`);
      names.add(name);
    }
  }
}

function checkRange(member: string, port: number | undefined, least: number, container: string | undefined): void {
  if (port === undefined || !Number.isInteger(port) || port < least || port > 65_535) {
    throw clientException(`Invalid '${member}' setting for container '${container}'.`);
  }
}
