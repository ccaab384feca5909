import { RegisterTaskDefinitionRequest$ } from '@aws-sdk/client-ecs';
import { NormalizedSchema } from '@smithy/core/schema';

/**
 * Every member of RegisterTaskDefinition's input in the SDK's model that holds a value, by its path
 * (`containerDefinitions.linuxParameters.tmpfs.size`); lists are passed through, maps and lists of text are values.
 */
export function membersOfTheModel(): string[] {
  return pathsIn(NormalizedSchema.of(RegisterTaskDefinitionRequest$), '');
}

function pathsIn(schema: NormalizedSchema, path: string): string[] {
  const item = schema.isListSchema() ? schema.getValueSchema() : schema;
  if (!item.isStructSchema()) return [path];
  return [...item.structIterator()].flatMap(([name, member]) =>
    pathsIn(member, path === '' ? name : `${path}.${name}`),
  );
}
