import type * as Sdk from '@aws-sdk/client-ec2';
import type { Ctx, Handlers } from '../../aws/handlers.ts';
import { AwsError } from '../../base/errors.ts';
import type { Scoped } from '../../model/tags.ts';
import { ensureDefaultVpc } from '../../store/default-vpc.ts';
import type { Transaction } from '../../store/store.ts';
import { usedRegions } from '../../store/tables/ec2.ts';
import { scopeOf } from '../../model/tags.ts';
import type { ServiceDeps } from '../deps.ts';
import { rememberedAnswer } from './client-tokens.ts';
import { unsupported } from './errors.ts';

/** The handlers of EC2, typed by the SDK. */
export type Ec2Handlers = Handlers<typeof Sdk>;

/** What an operation knows beside its input. Everything it reads and writes is one transaction. */
export interface Call extends Scoped, Pick<ServiceDeps, 'ids' | 'publicPool'> {
  readonly tx: Transaction;
  /** Epoch milliseconds. */
  readonly now: number;
}

type InputOf<Name extends keyof Ec2Handlers> = Parameters<NonNullable<Ec2Handlers[Name]>>[0];
type OutputOf<Name extends keyof Ec2Handlers> = Awaited<ReturnType<NonNullable<Ec2Handlers[Name]>>>;

/** One operation. */
export interface Operation<Input, Output> {
  /** The members it acts on, beside DryRun and ClientToken: any other that asks for something is refused. */
  readonly takes: readonly (keyof Input)[];
  run(input: Input, call: Call): Output;
  /** How an operation that takes a ClientToken answers a repeated one: by the id that the first answer held. */
  readonly idempotent?: {
    idOf(output: Output): string | undefined;
    again(id: string, call: Call): Output;
  };
}

/** Operations by name. */
export type Ec2Operations = { readonly [Name in keyof Ec2Handlers]?: Operation<InputOf<Name>, OutputOf<Name>> };

interface CommonInput {
  readonly DryRun?: boolean;
  readonly ClientToken?: string;
}

/**
 * Makes handlers of operations. Each call is one transaction, before which the region has its default VPC. A dry run
 * does everything and then undoes it, so that it refuses whatever the real one would.
 */
export function handlersOf(deps: ServiceDeps, operations: Ec2Operations): Ec2Handlers {
  const { store, clock, ids, publicPool } = deps;
  const handlers = Object.entries(operations).map(([name, typed]) => {
    const operation = typed as Operation<CommonInput, object>;
    const { takes, idempotent } = operation;
    const taken = new Set<string>([...takes, 'DryRun', ...(idempotent === undefined ? [] : ['ClientToken'])]);
    const handler = (input: CommonInput, { account, region }: Ctx): object => {
      refuseOthers(input, taken);
      const scope = { account, region };
      const now = clock.now();
      if (store.get(usedRegions, scopeOf(scope)) === undefined) {
        store.transact((tx) => ensureDefaultVpc(tx, ids, now, scope));
      }
      return store.transact((tx) => {
        const call: Call = { ...scope, tx, now, ids, publicPool };
        const work = (): object => operation.run(input, call);
        const output = idempotent === undefined ? work() : rememberedAnswer(call, name, input, idempotent, work);
        if (input.DryRun === true) throw dryRun();
        return output;
      });
    };
    return [name, handler] as const;
  });
  return Object.fromEntries(handlers) as Ec2Handlers;
}

function dryRun(): AwsError {
  return new AwsError('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', { status: 412 });
}

function refuseOthers(input: object, taken: ReadonlySet<string>): void {
  for (const [name, value] of Object.entries(input)) {
    if (!taken.has(name) && asksForSomething(value)) throw unsupported(`The parameter ${name}`);
  }
}

/** Clients send the defaults of what they know: `false`, zero, nothing. */
function asksForSomething(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === 0 || value === '') return false;
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object') return Object.values(value).some(asksForSomething);
  return true;
}
