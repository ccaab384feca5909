import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { protocolOf } from '../../src/aws/protocols/protocols.ts';
import { problemOf, type Protocol, type WireAnswer } from '../../src/aws/protocols/protocol.ts';
import { loadModel, ServiceModel, type Operation } from '../../src/aws/schema/model.ts';
import { serviceTable, type ServiceId } from '../../src/aws/service-table.ts';
import { servedBy } from '../../src/aws/services.ts';
import { AwsError } from '../../src/base/errors.ts';
import { dumpSchemas } from '../../tools/schemas.ts';
import { unpublishedMembers } from '../../tools/unpublished.ts';
import { servedHandlers } from '../../tools/served.ts';
import { comparable, withoutTokens } from './compare.ts';
import { Samples } from './samples.ts';

// Every operation whose shapes are there (all that are served, and most of the others): random inputs through the
// SDK's own serializer into our parser, random outputs and every error through our serializer into the SDK's parser,
// and the same answers into botocore's.

/** Rounds of an operation that is served, and of one whose shapes are merely there. */
const ROUNDS = { served: 4, other: 1 };
/** Their answers are event streams, which are not spoken yet; the last is sent to a host with a name of its own. */
const streams = new Set(['StartLiveTail', 'GetLogObject', 'SelectObjectContent', 'WriteGetObjectResponse']);

interface SdkRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Record<string, string | string[]>;
  readonly headers: Record<string, string>;
  readonly body: string | Uint8Array | undefined;
}

interface SdkClient {
  send(command: object): Promise<Record<string, unknown>>;
}

type Sdk = Readonly<Record<string, new (input: object) => object>>;
type Answer = (request: SdkRequest) => WireAnswer;

const services = await servedHandlers();
const require = createRequire(import.meta.url);
const botocoreNames: Partial<Record<ServiceId, string>> = {
  elb: 'elb',
  autoscaling: 'autoscaling',
  elbv2: 'elbv2',
  logs: 'logs',
  secretsmanager: 'secretsmanager',
};

/** What botocore is to parse. */
const answers: Partial<Record<ServiceId, string[]>> = {};

function clientOf(sdk: Sdk, answer: { now: Answer }): SdkClient {
  const name = Object.keys(sdk).find((key) => key.endsWith('Client') && key !== '__Client');
  const Client = sdk[name ?? ''];
  if (Client === undefined) throw new Error('the package has no client');
  return new Client({
    region: 'us-east-1',
    endpoint: 'http://127.0.0.1:1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
    // CloudWatch's client zips what is large; what is unzipped again is none of the protocol's.
    disableRequestCompression: true,
    requestHandler: {
      handle(request: SdkRequest) {
        const { status, headers, body } = answer.now(request);
        return Promise.resolve({ response: { statusCode: status, headers: { ...headers }, body: bytesOf(body) } });
      },
    },
  }) as SdkClient;
}

function bytesOf(body: SdkRequest['body'] | WireAnswer['body']): Buffer {
  if (body instanceof Readable) throw new Error('a sample is no stream');
  if (body === undefined || typeof body === 'string') return Buffer.from(body ?? '');
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}

function queryOf({ query }: SdkRequest): URLSearchParams {
  const all = Object.entries(query).flatMap(([name, value]) =>
    [value].flat().map((text): [string, string] => [name, text]),
  );
  return new URLSearchParams(all);
}

function lowerCase(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, text]) => [name.toLowerCase(), text]));
}

/**
 * S3's client does more than to write what it is given: it finds endpoints, adds checksums, and takes no bucket with a name
 * that cannot be. Its protocol alone goes through the same as the others.
 */
function protocolClient(sdk: Sdk, answer: { now: Answer }): SdkClient {
  const { config } = clientOf(sdk, answer) as unknown as { config: { protocol: SdkProtocol } & object };
  return {
    async send(command) {
      const { input, schema } = command as { input: Record<string, unknown>; schema: readonly unknown[] };
      const [, namespace, name, traits, from, to] = schema;
      const operation = { namespace, name, traits, input: from, output: to };
      const bucket = typeof input['Bucket'] === 'string' ? `/${encodeURIComponent(input['Bucket'])}` : '';
      const endpoint = () => Promise.resolve({ protocol: 'http:', hostname: 'localhost', path: bucket });
      const request = await config.protocol.serializeRequest(operation, input, { ...config, endpoint });
      const { status, headers, body } = answer.now(request);
      const response = { statusCode: status, headers: { ...headers }, body: Readable.from([bytesOf(body)]) };
      const output = await config.protocol.deserializeResponse(operation, config, response);
      return Object.fromEntries(
        await Promise.all(Object.entries(output).map(async ([key, value]) => [key, await whole(value)] as const)),
      );
    },
  };
}

/** A stream's bytes, if there are any; other values as they are. */
async function whole(value: unknown): Promise<unknown> {
  const { transformToByteArray: read } = (value ?? {}) as { transformToByteArray?: () => Promise<Uint8Array> };
  const bytes = await read?.call(value);
  return bytes === undefined ? value : bytes.length === 0 ? undefined : bytes;
}

interface SdkProtocol {
  serializeRequest(schema: unknown, input: object, context: object): Promise<SdkRequest>;
  deserializeResponse(schema: unknown, context: object, response: object): Promise<Record<string, unknown>>;
}

async function roundTrip(
  client: SdkClient,
  sdk: Sdk,
  operation: Operation,
  answer: { now: Answer },
  protocol: Protocol,
  rounds: number,
) {
  const Command = sdk[`${operation.name}Command`];
  if (Command === undefined) throw new Error(`the SDK has no ${operation.name}`);
  const { id } = operation.service.row;
  for (let round = 0; round < rounds; round += 1) {
    const seed = round * 7919 + operation.name.length;
    const input = new Samples(seed, { fractions: true }).structure(operation.input);
    for (const unknown of Object.keys(unpublishedMembers[id]?.[operation.input.name] ?? {})) delete input[unknown];
    const output = new Samples(seed + 1, { fractions: false }).structure(operation.output);
    const requestId = `request-${round}`;
    let read: unknown;
    answer.now = (request) => {
      read = protocol.read(operation, {
        method: request.method,
        path: request.path,
        query: queryOf(request),
        headers: lowerCase(request.headers),
        body: bytesOf(request.body),
      });
      return protocol.write(operation, output, requestId);
    };
    const received = await client.send(new Command(input));
    const kept = withoutTokens(read as Record<string, unknown>, input);
    // Of bytes without a type the SDK says that they are bytes.
    if (kept['ContentType'] === 'application/octet-stream' && input['ContentType'] === undefined)
      delete kept['ContentType'];
    expect(comparable(kept), `input of ${operation.name}`).toEqual(comparable(input));
    expect(comparable(received), `output of ${operation.name}`).toEqual(comparable(output));
    note(id, operation, protocol.write(operation, output, requestId), { output: comparable(output), requestId });
  }
}

function note(id: ServiceId, operation: Operation, { status, headers, body }: WireAnswer, more: object): void {
  const { sdk } = operation.service.row;
  const wire = { status, headers, body: bytesOf(body).toString('base64') };
  (answers[id] ??= []).push(
    JSON.stringify({ sdk, botocore: botocoreNames[id] ?? sdk, operation: operation.name, ...wire, ...more }),
  );
}

async function errorTrips(
  client: SdkClient,
  sdk: Sdk,
  model: ServiceModel,
  answer: { now: Answer },
  protocol: Protocol,
) {
  const name = model.dumped[0];
  const operation = name === undefined ? undefined : model.operation(name);
  const Command = sdk[`${name}Command`];
  if (operation === undefined || Command === undefined) return;
  const input = new Samples(1, { fractions: false }).structure(operation.input);
  for (const error of model.errors()) {
    const code = model.row.protocols[0] === 'query' ? error.queryCode : error.name;
    const message = `what went <wrong> & how "${code}"`;
    const problem = problemOf(new AwsError(code, message), model);
    if (problem === undefined) throw new Error('an AwsError is always a problem');
    const failure = protocol.fail(problem, 'request-1');
    answer.now = () => failure;
    const thrown = await client.send(new Command(input)).catch((reason: unknown) => reason as Error);
    // Two errors of a model may share the code that queries have.
    const same = model.errors().filter((other) => other.queryCode === error.queryCode);
    expect(same.map((other) => other.name)).toContain((thrown as Error).name);
    expect((thrown as Error).message).toBe(message);
    // botocore goes by the code that queries have wherever there is one.
    const spoken: readonly string[] = model.row.protocols;
    note(model.row.id, operation, failure, { error: [spoken.includes('query') ? error.queryCode : code, message] });
  }
}

describe.each(serviceTable.map(({ id }) => id))('%s', (id) => {
  const model = modelOf(id);
  const sdk = require(`@aws-sdk/client-${model.row.sdk}`) as Sdk;
  const served = servedBy(services, id);
  const answer: { now: Answer } = {
    now: () => {
      throw new Error('nothing was to be asked yet');
    },
  };
  const client = id === 's3' ? protocolClient(sdk, answer) : clientOf(sdk, answer);

  test('every operation, through the SDK and back', async () => {
    const protocol = await protocolOf(model.row.protocols[0] ?? 'aws-json-1.1');
    // Those that are not in the SDK have nobody to go through.
    const known = model.dumped.filter((each) => !streams.has(each) && sdk[`${each}Command`] !== undefined);
    for (const name of known) {
      const operation = model.operation(name);
      const rounds = served.includes(name) ? ROUNDS.served : ROUNDS.other;
      if (operation !== undefined) await roundTrip(client, sdk, operation, answer, protocol, rounds);
    }
    await errorTrips(client, sdk, model, answer, protocol);
  });
});

/** EC2's dump holds only what is served; these others have every kind of member that its protocol knows. */
const ec2Samples = [
  'RunInstances',
  'DescribeInstances',
  'CreateLaunchTemplate',
  'CreateVpc',
  'CreateTags',
  'DeleteVpc',
];

function modelOf(id: ServiceId): ServiceModel {
  const model = loadModel(id);
  const { row } = model;
  return id === 'ec2' ? new ServiceModel(row, dumpSchemas(row, [...model.dumped, ...ec2Samples])) : model;
}

const python = spawnSync('python3', ['-c', 'import botocore'], { encoding: 'utf8' });
if (python.status !== 0) console.warn('botocore is not here: its parsers are not tried');

test.skipIf(python.status !== 0)(
  'botocore understands the same answers',
  async () => {
    const dir = mkdtempSync(join(tmpdir(), 'stowage-botocore-'));
    const lines = Object.values(answers).flat();
    try {
      writeFileSync(join(dir, 'answers'), `${lines.join('\n')}\n`);
      const script = new URL('botocore_check.py', import.meta.url).pathname;
      const { stdout } = await promisify(execFile)('python3', [script, join(dir, 'answers')], { maxBuffer: 1e8 });
      const results = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as object);
      expect(results.pop()).toEqual({ done: true });
      const skipped = results.filter((result) => 'skipped' in result);
      expect(results.filter((result) => !('skipped' in result))).toEqual([]);
      // A botocore that knows next to nothing of these models would prove nothing.
      expect(skipped.length).toBeLessThan(lines.length / 4);
    } finally {
      rmSync(dir, { recursive: true });
    }
  },
  60_000,
);
