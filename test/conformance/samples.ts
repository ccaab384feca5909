import { dateOf } from '../../src/base/clock.ts';
import { seededIds, type Ids } from '../../src/base/ids.ts';
import type { Shape, Structure } from '../../src/aws/schema/shape.ts';

/** What separates the samples of one protocol from those of another. */
export interface SampleLimits {
  /** Whether numbers may have fractions: the schemas do not say which may. */
  readonly fractions: boolean;
}

const texts = [
  'a',
  '0',
  'Ünïcode ☃ 🐳',
  '<a href="x">&amp;\'',
  'two  spaces',
  'line\nbreak',
  'true',
  'a,b="c"',
  '%2B+ /',
  '中',
];
const DEEPEST = 5;

/** Random values of shapes, the same for the same seed. */
export class Samples {
  readonly #ids: Ids;
  readonly #limits: SampleLimits;

  constructor(seed: number, limits: SampleLimits) {
    this.#ids = seededIds(seed);
    this.#limits = limits;
  }

  /** A value of a structure; each member that is not required is there or not. */
  structure(shape: Structure, depth = 0): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    const { members } = shape;
    const wanted = shape.union ? members.slice(this.#below(members.length)).slice(0, 1) : members;
    for (const member of wanted) {
      const needed = shape.union || shape.required.includes(member);
      const nested = member.shape.kind === 'structure' || member.shape.kind === 'list' || member.shape.kind === 'map';
      if (!needed && (this.#below(3) === 0 || (nested && depth >= DEEPEST))) continue;
      const isHeader = member.traits.httpHeader !== undefined && member.shape.kind === 'timestamp';
      const whole = isHeader ? { format: 'http-date' as const, ...member.shape } : member.shape;
      result[member.name] = this.value(whole, depth + 1);
      // A text in one SDK, a number in another.
      if (member.name.endsWith('PartNumberMarker')) result[member.name] = String(this.#below(100));
    }
    return result;
  }

  /** A value of any shape. */
  value(shape: Shape, depth: number): unknown {
    switch (shape.kind) {
      case 'structure':
        return this.structure(shape, depth);
      case 'list':
        return this.#several(depth, () => this.value(shape.value.shape, depth + 1));
      case 'map':
        return Object.fromEntries(
          this.#several(depth, () => [this.#ids.hex(4), this.value(shape.value.shape, depth + 1)] as const),
        );
      case 'string':
        return (texts[this.#below(texts.length)] ?? '') + this.#ids.hex(this.#below(4));
      case 'number':
        return this.#number();
      case 'boolean':
        return this.#below(2) === 0;
      case 'timestamp':
        // HTTP dates have no milliseconds.
        return dateOf(this.#below(2 ** 31) * 1000 + (shape.format === 'http-date' ? 0 : this.#below(1000)));
      case 'blob':
        return Uint8Array.from({ length: this.#below(5) + 1 }, () => this.#below(256));
      case 'document':
        return { some: ['document', 1, true] };
    }
  }

  #several<Item>(depth: number, make: () => Item): Item[] {
    return Array.from({ length: depth > DEEPEST ? 1 : this.#below(4) }, make);
  }

  #number(): number {
    const whole = [0, 1, 80, 65_535, 2 ** 31 - 1][this.#below(5)] ?? 0;
    return this.#limits.fractions && this.#below(3) === 0 ? whole + 0.25 : whole;
  }

  #below(limit: number): number {
    return Math.floor(this.#ids.random() * limit);
  }
}
