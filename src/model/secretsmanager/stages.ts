import type { SecretVersion } from './secret.ts';

/**
 * The versions after a label moved to one of them, or, without an id, was taken away. A label is on one version at a time;
 * the version that AWSCURRENT leaves is AWSPREVIOUS ("Secret versions", Secrets Manager User Guide).
 */
export function movedTo(versions: readonly SecretVersion[], label: string, id: string | undefined): SecretVersion[] {
  const holder = versions.find(({ stages }) => stages.includes(label));
  const moved = versions.map((version) => {
    const has = version.stages.includes(label);
    if (version.id === id) return has ? version : { ...version, stages: [...version.stages, label] };
    return has ? { ...version, stages: version.stages.filter((stage) => stage !== label) } : version;
  });
  const leaves = label === 'AWSCURRENT' && holder !== undefined && id !== undefined && holder.id !== id;
  return leaves ? movedTo(moved, 'AWSPREVIOUS', holder.id) : moved;
}
