import type { ContainerDefinition, RegisterTaskDefinitionCommandInput } from '@aws-sdk/client-ecs';
import { clientException, invalidSetting, notSupported } from './errors.ts';

/** The values of "KernelCapabilities", ECS API Reference. */
const capabilities: ReadonlySet<string> = new Set(
  [
    'ALL AUDIT_CONTROL AUDIT_WRITE BLOCK_SUSPEND CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID IPC_LOCK IPC_OWNER KILL',
    'LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN NET_BIND_SERVICE NET_BROADCAST NET_RAW SETFCAP SETGID',
    'SETPCAP SETUID SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_RESOURCE SYS_TIME',
    'SYS_TTY_CONFIG SYSLOG WAKE_ALARM',
  ].flatMap((line) => line.split(' ')),
);

/** The values of "Tmpfs", ECS API Reference; `mode`, `uid` and their like take a value (`mode=1777`). */
const tmpfsOptions: ReadonlySet<string> = new Set(
  [
    'defaults ro rw suid nosuid dev nodev exec noexec sync async dirsync remount mand nomand atime noatime diratime',
    'nodiratime bind rbind unbindable runbindable private rprivate shared rshared slave rslave relatime norelatime',
    'strictatime nostrictatime mode uid gid nr_inodes nr_blocks mpol',
  ].flatMap((line) => line.split(' ')),
);

/** The namespaced parameters of "SystemControl", ECS API Reference, that belong to the IPC namespace. */
const ipcControls: ReadonlySet<string> = new Set([
  'kernel.msgmax',
  'kernel.msgmnb',
  'kernel.msgmni',
  'kernel.sem',
  'kernel.shmall',
  'kernel.shmmax',
  'kernel.shmmni',
  'kernel.shm_rmid_forced',
]);

/** The rules for what a container asks of the kernel and of the engine's security. Throws `ClientException`. */
export function checkLinux(container: ContainerDefinition, task: RegisterTaskDefinitionCommandInput): void {
  checkLinuxParameters(container);
  checkSystemControls(container, task);
  checkResources(container);
  for (const option of container.dockerSecurityOptions ?? []) {
    // Docker also writes `apparmor=PROFILE`.
    if (!/^(no-new-privileges(:(true|false))?|(apparmor|label|seccomp)[:=].+)$/.test(option)) {
      throw invalidSetting('dockerSecurityOptions', container.name, `Unknown option: '${option}'.`);
    }
  }
}

/** The rules for what a container or an override of one requires ("ResourceRequirement", ECS API Reference). */
export function checkResources(container: Pick<ContainerDefinition, 'name' | 'resourceRequirements'>): void {
  const { name, resourceRequirements = [] } = container;
  for (const { type, value, sharingStrategy } of resourceRequirements) {
    if (type === 'InferenceAccelerator') throw clientException("Unsupported field 'inferenceAccelerators'.");
    if (type !== 'GPU')
      throw notSupported(`resourceRequirements of type = "${type}"`, 'there are no managed instances');
    if (sharingStrategy !== undefined) throw notSupported('resourceRequirements.sharingStrategy');
    if (value === undefined || !/^([1-9]\d{0,3}|ALL)$/.test(value)) {
      throw invalidSetting('resourceRequirements', name, 'The value of GPU must be a positive number.');
    }
  }
}

function checkLinuxParameters({ name, linuxParameters: linux }: ContainerDefinition): void {
  if (linux === undefined) return;
  const invalid = (member: string, why: string): never => {
    throw invalidSetting(member, name, why);
  };
  for (const capability of [...(linux.capabilities?.add ?? []), ...(linux.capabilities?.drop ?? [])]) {
    if (!capabilities.has(capability)) invalid('capabilities', `Unknown capability: '${capability}'.`);
  }
  for (const { hostPath = '', permissions = [] } of linux.devices ?? []) {
    if (!hostPath.startsWith('/')) invalid('devices', "'hostPath' must be an absolute path.");
    const unknown = permissions.find((permission) => !['read', 'write', 'mknod'].includes(permission));
    if (unknown !== undefined) invalid('devices', `Unknown permission: '${unknown}'.`);
  }
  if (linux.sharedMemorySize !== undefined && linux.sharedMemorySize < 1) {
    invalid('sharedMemorySize', 'The minimum is 1 MiB.');
  }
  for (const { containerPath = '', size, mountOptions = [] } of linux.tmpfs ?? []) {
    if (!containerPath.startsWith('/')) invalid('tmpfs', "'containerPath' must be an absolute path.");
    if (size === undefined || size < 1) invalid('tmpfs', 'The minimum size is 1 MiB.');
    const unknown = mountOptions.find((option) => !tmpfsOptions.has(option.replace(/=.*$/, '')));
    if (unknown !== undefined) invalid('tmpfs', `Unknown mount option: '${unknown}'.`);
  }
  if (linux.maxSwap !== undefined && linux.maxSwap < 0) invalid('maxSwap', 'It must be 0 or greater.');
  const { swappiness } = linux;
  if (swappiness !== undefined && (swappiness < 0 || swappiness > 100)) {
    invalid('swappiness', 'It must be between 0 and 100.');
  }
}

/** Parameters of a namespace that the task shares with the machine would change the machine. */
function checkSystemControls(container: ContainerDefinition, task: RegisterTaskDefinitionCommandInput): void {
  for (const { namespace = '', value } of container.systemControls ?? []) {
    const network = /^net\.[a-zA-Z0-9_.\-/]+$/.test(namespace);
    const ipc = ipcControls.has(namespace) || /^fs\.mqueue\.[a-z_]+$/.test(namespace);
    if (!network && !ipc) {
      throw invalidSetting('systemControls', container.name, `'${namespace}' is not a namespaced kernel parameter.`);
    }
    if (value === undefined || value === '') {
      throw invalidSetting('systemControls', container.name, `'${namespace}' has no value.`);
    }
    if (network && task.networkMode === 'host') {
      throw clientException(`System control '${namespace}' is not supported on container when networkMode=host.`);
    }
    if (ipc && task.ipcMode === 'host') {
      throw clientException(`System control '${namespace}' is not supported on container when ipcMode=host.`);
    }
  }
}
