import { RegisterTaskDefinitionRequest$ } from '@aws-sdk/client-ecs';
import { NormalizedSchema } from '@smithy/core/schema';
import { describe, expect, it } from 'vitest';
import { refuseUnsupported, taskDefinitionMembers } from './task-definition-members.ts';

type Inside = { readonly inside?: Readonly<Record<string, unknown>> };

/** The members of a structure of the model, or of the structures in a list of the model. */
function membersOf(schema: NormalizedSchema): [string, NormalizedSchema][] {
  const item = schema.isListSchema() ? schema.getValueSchema() : schema;
  return item.isStructSchema() ? [...item.structIterator()] : [];
}

/** Compares the list with the model, and goes into every member whose verdict differs by the members inside. */
function compare(schema: NormalizedSchema, verdicts: Readonly<Record<string, unknown>>, path: string): void {
  const members = membersOf(schema);
  expect(Object.keys(verdicts).toSorted(), path).toEqual(members.map(([name]) => name).toSorted());
  for (const [name, inner] of members) {
    const { inside } = verdicts[name] as Inside;
    if (inside !== undefined) compare(inner, inside, `${path}.${name}`);
  }
}

describe('the members of a task definition', () => {
  it('are all either acted on or refused, as the model has them', () => {
    compare(NormalizedSchema.of(RegisterTaskDefinitionRequest$), taskDefinitionMembers, 'input');
  });

  it.each([
    [
      { containerDefinitions: [{ credentialSpecs: ['credentialspec:arn'] }] },
      'containerDefinitions[0].credentialSpecs',
      'there is no Active Directory.',
    ],
    [
      { volumes: [{ name: 'a' }, { name: 'b', efsVolumeConfiguration: { fileSystemId: 'fs-1' } }] },
      'volumes[1].efsVolumeConfiguration',
      'there are no Amazon EFS file systems.',
    ],
    [
      { requiresCompatibilities: ['FARGATE', 'MANAGED_INSTANCES'] },
      'requiresCompatibilities[1] = "MANAGED_INSTANCES"',
      'there are no managed instances.',
    ],
  ])('refuses %j', (input, named, why) => {
    const refusal = `${named} isn't supported by Stowage: ${why}`;
    expect(() => refuseUnsupported(input)).toThrow(refusal);
  });

  it.each([
    [{ volumes: [{ name: 'a', host: {} }], placementConstraints: [], ephemeralStorage: undefined }],
    [
      {
        containerDefinitions: [{ systemControls: [], links: [], secrets: [], disableNetworking: false, hostname: '' }],
      },
    ],
    [{ containerDefinitions: [{ linuxParameters: { capabilities: { add: [], drop: ['ALL'] }, tmpfs: [] } }] }],
    [{ runtimePlatform: { cpuArchitecture: 'X86_64', operatingSystemFamily: 'LINUX' } }],
  ])('takes what says nothing, and what is acted on: %j', (input) => {
    expect(() => refuseUnsupported(input)).not.toThrow();
  });
});
