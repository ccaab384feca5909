/**
 * The form in which the SDK's schemas are kept in `src/aws/generated/<service>.json`: tuples as in `@smithy/core/schema`,
 * with names where the SDK has functions, and only the traits that the wire needs.
 */
export interface Dump {
  readonly license: string;
  readonly service: string;
  readonly namespace: string;
  /** Every operation of the model, served or not. */
  readonly names: readonly string[];
  /** Input, output and traits of the operations whose shapes are here. */
  readonly operations: Readonly<Record<string, readonly [input: Ref, output: Ref, traits: Traits]>>;
  readonly shapes: Readonly<Record<string, DumpedShape>>;
}

/** A simple type's number in the SDK's schemas, or the name of a shape. */
export type SimpleOrName = number | string;

/** What a member or an operation's side refers to; traits where it has any. */
export type Ref = SimpleOrName | readonly [target: SimpleOrName, traits: Traits];

/** kind 0: a named simple type; 1: list; 2: map; 3: structure; 4: union; -3: error. */
export type DumpedShape =
  | readonly [kind: 0, traits: Traits, type: number]
  | readonly [kind: 1, traits: Traits, value: Ref]
  | readonly [kind: 2, traits: Traits, key: Ref, value: Ref]
  | readonly [kind: 3 | 4 | -3, traits: Traits, names: readonly string[], members: readonly Ref[], required: number];

/** The traits of Smithy that decide how a value looks on the wire; flags are 1. */
export interface Traits {
  readonly xmlName?: string;
  readonly ec2QueryName?: string;
  readonly xmlFlattened?: 1;
  readonly xmlAttribute?: 1;
  readonly xmlNamespace?: readonly [prefix: string, uri: string];
  readonly jsonName?: string;
  readonly http?: readonly [method: string, uri: string, status: number];
  readonly httpLabel?: 1;
  readonly httpQuery?: string;
  readonly httpQueryParams?: 1;
  readonly httpHeader?: string;
  readonly httpPrefixHeaders?: string;
  readonly httpPayload?: 1;
  readonly httpResponseCode?: 1;
  readonly streaming?: 1;
  readonly error?: 'client' | 'server';
  readonly httpError?: number;
  readonly awsQueryError?: readonly [code: string, status: number];
}

/** The traits that are kept. The value says nothing: the type makes the list complete. */
export const keptTraits: Readonly<Record<keyof Traits, true>> = {
  xmlName: true,
  ec2QueryName: true,
  xmlFlattened: true,
  xmlAttribute: true,
  xmlNamespace: true,
  jsonName: true,
  http: true,
  httpLabel: true,
  httpQuery: true,
  httpQueryParams: true,
  httpHeader: true,
  httpPrefixHeaders: true,
  httpPayload: true,
  httpResponseCode: true,
  streaming: true,
  error: true,
  httpError: true,
  awsQueryError: true,
};
