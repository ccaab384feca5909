import type { DockerDriver } from '../../drivers/docker/driver.ts';
import { labels } from '../tasks/names.ts';

/** A machine as the engine that it shares with others sees it. */
export interface MachineOnEngine {
  readonly machineId: string;
  /** The control group of whatever it runs in no further one; the engine's own choice when empty. */
  readonly cgroupParent: string;
}

/**
 * The engine as one of the machines on it sees it: what it makes carries the machine's label, and it lists and hears of nothing
 * else. So several agents share one engine.
 */
export function engineOf(docker: DockerDriver, { machineId, cgroupParent }: MachineOnEngine): DockerDriver {
  const label = `${labels.machine}=${machineId}`;
  const own: Partial<DockerDriver> = {
    create: (spec) =>
      docker.create({
        ...spec,
        labels: { ...spec.labels, [labels.machine]: machineId },
        hostConfig: { ...(cgroupParent === '' ? {} : { CgroupParent: cgroupParent }), ...spec.hostConfig },
      }),
    list: (wanted) => docker.list([...wanted, label]),
    // Volumes that tasks share are nobody's.
    createVolume: (volume) =>
      docker.createVolume(
        volume.labels[labels.installation] === undefined
          ? volume
          : { ...volume, labels: { ...volume.labels, [labels.machine]: machineId } },
      ),
    listVolumes: (wanted) => docker.listVolumes([...wanted, label]),
    events: (_, onEvent, onConnect) => docker.events(label, onEvent, onConnect),
  };
  return new Proxy(docker, {
    get(target, name) {
      const override = own[name as keyof DockerDriver];
      if (override !== undefined) return override;
      const member = Reflect.get(target, name, target) as unknown;
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}
