import { readFileSync } from 'node:fs';
import { serviceTable, type ServiceId, type ServiceRow } from '../service-table.ts';
import type { Dump, Traits } from './dump.ts';
import { Shapes, type Structure } from './shape.ts';

/** An operation whose shapes we have. */
export interface Operation {
  readonly name: string;
  readonly service: ServiceModel;
  readonly input: Structure;
  readonly output: Structure;
  readonly traits: Traits;
}

/** A modelled error: its name, what queries call it, its status and members. */
export interface ErrorModel {
  readonly name: string;
  readonly queryCode: string;
  readonly status: number;
  readonly fault: 'client' | 'server';
  readonly shape: Structure;
}

/** A service as the front knows it: its row of the table and its model. */
export class ServiceModel {
  readonly row: ServiceRow & { readonly id: ServiceId };
  /** Every operation of the model, served or not. */
  readonly names: ReadonlySet<string>;
  /** Those whose shapes were dumped. */
  readonly dumped: readonly string[];
  readonly namespace: string;
  readonly #dump: Dump;
  readonly #shapes: Shapes;
  readonly #operations = new Map<string, Operation>();
  readonly #errors = new Map<string, ErrorModel>();

  constructor(row: ServiceRow & { readonly id: ServiceId }, dump: Dump) {
    this.row = row;
    this.#dump = dump;
    this.namespace = dump.namespace;
    this.names = new Set(dump.names);
    this.dumped = Object.keys(dump.operations);
    this.#shapes = new Shapes(dump);
    for (const [name, shape] of Object.entries(dump.shapes)) {
      const { error, httpError, awsQueryError } = shape[1];
      if (error === undefined) continue;
      const shapes = this.#shapes;
      const queryCode = awsQueryError?.[0] ?? name;
      const model: ErrorModel = {
        name,
        queryCode,
        status: awsQueryError?.[1] ?? httpError ?? (error === 'client' ? 400 : 500),
        fault: error,
        get shape() {
          return shapes.structure(name);
        },
      };
      this.#errors.set(name, model);
      this.#errors.set(queryCode, model);
    }
  }

  /** The operation of that name, or `undefined` when its shapes were not dumped. */
  operation(name: string): Operation | undefined {
    const known = this.#operations.get(name);
    if (known !== undefined) return known;
    const dumped = Object.hasOwn(this.#dump.operations, name) ? this.#dump.operations[name] : undefined;
    if (dumped === undefined) return undefined;
    const [input, output, traits] = dumped;
    const operation: Operation = {
      name,
      service: this,
      input: this.#shapes.structure(input),
      output: this.#shapes.structure(output),
      traits,
    };
    this.#operations.set(name, operation);
    return operation;
  }

  /** Every error of the model. */
  errors(): ErrorModel[] {
    return [...new Set(this.#errors.values())];
  }

  /** The error that handlers call `code`: the model's name of it, or the one that queries have. */
  error(code: string): ErrorModel | undefined {
    return this.#errors.get(code);
  }
}

/** Reads `src/aws/generated/<service>.json`. */
export function loadModel(id: ServiceId): ServiceModel {
  const row = serviceTable.find((candidate) => candidate.id === id);
  if (row === undefined) throw new Error(`${id} is not in the service table`);
  const text = readFileSync(new URL(`../generated/${id}.json`, import.meta.url), 'utf8');
  return new ServiceModel(row, JSON.parse(text) as Dump);
}
