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
    [{ pidMode: 'task' }, 'pidMode'],
    [{ volumes: [{ name: 'a' }, { name: 'b', host: { sourcePath: '/' } }] }, 'volumes[1].host.sourcePath'],
    [{ containerDefinitions: [{ systemControls: [{ namespace: 'a' }] }] }, 'containerDefinitions[0].systemControls'],
    [
      { containerDefinitions: [{ linuxParameters: { tmpfs: [{ size: 1 }] } }] },
      'containerDefinitions[0].linuxParameters.tmpfs',
    ],
    [{ requiresCompatibilities: ['FARGATE', 'EXTERNAL'] }, 'requiresCompatibilities[1] = "EXTERNAL"'],
    [{ enableFaultInjection: true }, 'enableFaultInjection = true'],
  ])('refuses %j', (input, named) => {
    expect(() => refuseUnsupported(input)).toThrow(`${named} isn't supported by Stowage yet.`);
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
