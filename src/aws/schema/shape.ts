import type { Dump, Ref, SimpleOrName, Traits } from './dump.ts';

/** The shape of a value, as the codecs walk it. */
export type Shape = Simple | List | MapShape | Structure;

interface Simple {
  readonly kind: 'string' | 'number' | 'boolean' | 'blob' | 'document' | 'timestamp';
  /** Of a timestamp whose model names a format; otherwise the protocol's own default holds. */
  readonly format?: TimestampFormat;
}

/** Seconds since the epoch, ISO 8601, or an HTTP date (Smithy, "timestampFormat trait"). */
export type TimestampFormat = 'epoch-seconds' | 'date-time' | 'http-date';

interface List {
  readonly kind: 'list';
  readonly value: Member;
}

interface MapShape {
  readonly kind: 'map';
  readonly key: Member;
  readonly value: Member;
}

export interface Structure {
  readonly kind: 'structure';
  readonly name: string;
  readonly union: boolean;
  readonly traits: Traits;
  readonly members: readonly Member[];
  readonly byName: ReadonlyMap<string, Member>;
  /** Members that a request must have. */
  readonly required: readonly Member[];
}

/** A member of a structure (or the value of a list or map), with its own traits merged over its shape's. */
export interface Member {
  readonly name: string;
  readonly shape: Shape;
  readonly traits: Traits;
}

const unit: Structure = {
  kind: 'structure',
  name: 'Unit',
  union: false,
  traits: {},
  members: [],
  byName: new Map(),
  required: [],
};

/** The numbers that `@smithy/core/schema` gives the simple types. */
const simples: Readonly<Record<number, Simple>> = {
  0: { kind: 'string' },
  1: { kind: 'number' },
  2: { kind: 'boolean' },
  4: { kind: 'timestamp' },
  5: { kind: 'timestamp', format: 'date-time' },
  6: { kind: 'timestamp', format: 'http-date' },
  7: { kind: 'timestamp', format: 'epoch-seconds' },
  15: { kind: 'document' },
  21: { kind: 'blob' },
  42: { kind: 'blob' },
};
const LIST_OF = 64;
const MAP_OF = 128;

/** Revives the shapes of a dump, each once and when it is first asked for; recursive shapes become cyclic graphs. */
export class Shapes {
  readonly #dump: Dump;
  readonly #revived = new Map<SimpleOrName, { shape: Shape; traits: Traits }>();

  constructor(dump: Dump) {
    this.#dump = dump;
  }

  /** The input or output structure of an operation, or an error. */
  structure(ref: Ref): Structure {
    const { shape } = this.#member('', ref);
    if (shape.kind !== 'structure') throw new Error(`${this.#dump.service}: ${JSON.stringify(ref)} is not a structure`);
    return shape;
  }

  #member(name: string, ref: Ref): Member {
    const [target, traits] = isPair(ref) ? ref : [ref, undefined];
    const found = this.#target(target);
    return { name, shape: found.shape, traits: traits === undefined ? found.traits : { ...found.traits, ...traits } };
  }

  #target(target: SimpleOrName): { shape: Shape; traits: Traits } {
    const known = this.#revived.get(target);
    if (known !== undefined) return known;
    const made = typeof target === 'number' ? { shape: this.#numbered(target), traits: {} } : this.#named(target);
    this.#revived.set(target, made);
    return made;
  }

  #numbered(target: number): Shape {
    if (target >= MAP_OF) {
      return { kind: 'map', key: this.#member('key', 0), value: this.#member('value', target - MAP_OF) };
    }
    if (target >= LIST_OF) return { kind: 'list', value: this.#member('member', target - LIST_OF) };
    const simple = simples[target];
    if (simple === undefined) throw new Error(`${this.#dump.service}: the type ${target} is unknown`);
    return simple;
  }

  #named(name: string): { shape: Shape; traits: Traits } {
    if (name === 'unit') return { shape: unit, traits: {} };
    const dumped = this.#dump.shapes[name];
    if (dumped === undefined) throw new Error(`${this.#dump.service}: the shape ${name} was not dumped`);
    const traits = dumped[1];
    switch (dumped[0]) {
      case 0:
        return { shape: this.#numbered(dumped[2]), traits };
      case 1: {
        const shape: { -readonly [K in keyof List]: List[K] } = { kind: 'list', value: pending };
        this.#revived.set(name, { shape, traits });
        shape.value = this.#member('member', dumped[2]);
        return { shape, traits };
      }
      case 2: {
        const shape: { -readonly [K in keyof MapShape]: MapShape[K] } = { kind: 'map', key: pending, value: pending };
        this.#revived.set(name, { shape, traits });
        shape.key = this.#member('key', dumped[2]);
        shape.value = this.#member('value', dumped[3]);
        return { shape, traits };
      }
      default: {
        const [kind, , names, refs, required] = dumped;
        const members: Member[] = [];
        const byName = new Map<string, Member>();
        const shape: Structure & { required: Member[] } = {
          kind: 'structure',
          name,
          union: kind === 4,
          traits,
          members,
          byName,
          required: [],
        };
        // The traits of a structure say nothing about the members that are of it (`error`, its own `xmlName`).
        this.#revived.set(name, { shape, traits: {} });
        for (const [index, memberName] of names.entries()) {
          const member = this.#member(memberName, refs[index] ?? 0);
          members.push(member);
          byName.set(memberName, member);
          // The SDK lists the required members first and says how many they are.
          if (index < required) shape.required.push(member);
        }
        return { shape, traits: {} };
      }
    }
  }
}

/** Stands in a list or map until its own members are revived. */
const pending: Member = { name: '', shape: unit, traits: {} };

function isPair(ref: Ref): ref is readonly [SimpleOrName, Traits] {
  return typeof ref === 'object';
}
