import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Repository } from '../../../model/ecr/repository.ts';
import type { Scoped } from '../../../model/tags.ts';
import type { EcrDeps } from '../deps.ts';
import { findRepository, isRepositoryName } from '../find.ts';
import { RegistryError } from './errors.ts';

/** One request to the registry, and its answer. */
export class Exchange {
  readonly deps: EcrDeps;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  /** The registry it is for. */
  readonly scope: Scoped;
  /** The repository's name in that registry. */
  readonly name: string;
  /** `/v2/<name>` as the client wrote it. */
  readonly base: string;
  /** What had been committed when it began: one that only reads is answered though nothing can be written. */
  readonly #since: number;

  constructor(parts: Pick<Exchange, 'deps' | 'request' | 'response' | 'query' | 'scope' | 'name' | 'base'>) {
    this.deps = parts.deps;
    this.request = parts.request;
    this.response = parts.response;
    this.query = parts.query;
    this.scope = parts.scope;
    this.name = parts.name;
    this.base = parts.base;
    this.#since = parts.deps.store.sequence;
  }

  /** The repository, or NAME_INVALID or NAME_UNKNOWN. */
  repository(): Repository {
    if (!isRepositoryName(this.name)) {
      throw new RegistryError(400, 'NAME_INVALID', `'${this.name}' is not a valid repository name`);
    }
    return findRepository(this.deps.store, this.scope, { repositoryName: this.name });
  }

  /** Answers once everything written so far is durable. */
  async answer(status: number, headers: Readonly<Record<string, string | number>>, body: string | Uint8Array = '') {
    await this.deps.store.flushed(this.#since);
    this.head(status, { 'content-length': Buffer.byteLength(body), ...headers });
    this.response.end(this.request.method === 'HEAD' ? undefined : body);
  }

  /** Writes status and headers; the body follows. */
  head(status: number, headers: Readonly<Record<string, string | number>>): void {
    this.response.writeHead(status, { 'docker-distribution-api-version': 'registry/2.0', ...headers });
  }

  /** Answers a JSON document. */
  json(status: number, document: unknown, headers: Readonly<Record<string, string>> = {}): Promise<void> {
    return this.answer(status, { 'content-type': 'application/json', ...headers }, JSON.stringify(document));
  }
}
