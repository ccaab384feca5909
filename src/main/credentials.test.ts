import {
  DescribeClustersCommand,
  ECSClient,
  RegisterContainerInstanceCommand,
  RunTaskCommand,
} from '@aws-sdk/client-ecs';
import { EC2Client, DescribeInstancesCommand } from '@aws-sdk/client-ec2';
import { CreateRoleCommand, AttachRolePolicyCommand, IAMClient, ListRolesCommand } from '@aws-sdk/client-iam';
import { CreateActivationCommand, SSMClient } from '@aws-sdk/client-ssm';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { constants, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFront } from '../aws/front.ts';
import { isoOf, systemClock } from '../base/clock.ts';
import { systemIds } from '../base/ids.ts';
import { silentLog } from '../base/log.ts';
import { sha256Hex, signatureAlgorithm, signingTime, textToSign } from '../base/sigv4.ts';
import { ecsHandlers } from '../services/ecs/handlers.ts';
import { ec2Handlers } from '../services/ec2/handlers.ts';
import { iamHandlers } from '../services/iam/handlers.ts';
import { ssmHandlers } from '../services/ssm/handlers.ts';
import { stsHandlers } from '../services/sts/handlers.ts';
import { Vault } from '../store/keys/vault.ts';
import { Store } from '../store/store.ts';
import { containerInstances } from '../store/tables/ecs.ts';
import { issuedCredentials } from './credentials.ts';
import { allTables } from './tables.ts';

// A machine outside of EC2 joins as ECS Anywhere's install script and the agents that it starts do: over the wire, each
// request signed as theirs are.

const store = new Store(allTables);
const deps = {
  store,
  clock: systemClock,
  ids: systemIds,
  log: silentLog,
  publicPool: '100.127.0.0/24',
  vault: new Vault({ ids: systemIds, root: new Uint8Array(32) }),
};
const account = '000000000000';
/** Whether signatures are checked, as they are wherever a request does not come over loopback. */
let foreign = false;
let server: Server;
let endpoint: string;

beforeAll(async () => {
  const front = createFront({
    services: {
      ecs: ecsHandlers(deps),
      ec2: ec2Handlers(deps),
      iam: iamHandlers(deps),
      ssm: ssmHandlers(deps),
      sts: stsHandlers(deps),
    },
    authentication: { verify: false, account, region: 'us-east-1', credential: issuedCredentials(store) },
    isForeign: () => foreign,
    clock: systemClock,
    ids: systemIds,
    log: silentLog,
    commits: store,
  });
  server = createServer(front).listen(0, '127.0.0.1');
  await once(server, 'listening');
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** A call of Systems Manager as amazon-ssm-agent makes it: without a signature, or with the node's RSA key. */
async function call(
  operation: string,
  input: object,
  node?: { readonly id: string; readonly key: KeyObject },
): Promise<Answer> {
  const body = JSON.stringify(input);
  const at = signingTime(isoOf(systemClock.now()));
  const headers: Record<string, string> = {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': `AmazonSSM.${operation}`,
    'x-amz-date': at,
  };
  if (node !== undefined) {
    const scope = { date: at.slice(0, 8), region: 'us-east-1', service: 'ssm' };
    const signedHeaders = ['content-length', 'content-type', 'host', 'x-amz-date', 'x-amz-target'];
    const all = {
      ...headers,
      'content-length': String(Buffer.byteLength(body)),
      host: endpoint.slice('http://'.length),
    };
    const request = { method: 'POST', path: '/', query: [], headers: all, signedHeaders, payload: sha256Hex(body) };
    const pss = { key: node.key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
    const signature = sign('sha256', Buffer.from(textToSign(request, scope, at)), pss).toString('base64');
    const credential = `${node.id}/${scope.date}/us-east-1/ssm/aws4_request`;
    headers['authorization'] =
      `${signatureAlgorithm} Credential=${credential}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}`;
  }
  const response = await fetch(endpoint, { method: 'POST', headers, body });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const keyPair = () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { key: privateKey, text: publicKey.export({ format: 'der', type: 'spki' }).toString('base64') };
};

describe('a machine that registers with an activation', () => {
  const own = keyPair();
  const settings = (credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }) => ({
    endpoint,
    region: 'us-east-1',
    credentials,
    maxAttempts: 1,
  });
  let id: string;
  let credentials: { accessKeyId: string; secretAccessKey: string; sessionToken: string };

  /** What the caller is told. */
  const refusal = async (work: Promise<unknown>): Promise<string> => {
    try {
      await work;
      return 'answered';
    } catch (error) {
      return `${(error as Error).name}: ${(error as Error).message}`;
    }
  };

  beforeAll(async () => {
    const root = settings({ accessKeyId: 'test', secretAccessKey: 'test' });
    const iam = new IAMClient(root);
    const RoleName = 'ecsAnywhereRole';
    const trust = { Effect: 'Allow', Principal: { Service: 'ssm.amazonaws.com' }, Action: 'sts:AssumeRole' };
    const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [trust] });
    await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
    for (const policy of ['service-role/AmazonEC2ContainerServiceforEC2Role', 'AmazonSSMManagedInstanceCore']) {
      await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn: `arn:aws:iam::aws:policy/${policy}` }));
    }
    const made = await new SSMClient(root).send(new CreateActivationCommand({ IamRole: RoleName }));
    foreign = true;
    const { status, body } = await call('RegisterManagedInstance', {
      ActivationId: made.ActivationId,
      ActivationCode: made.ActivationCode,
      PublicKey: own.text,
      PublicKeyType: 'Rsa',
      Fingerprint: 'finger',
    });
    expect([status, body]).toEqual([200, { InstanceId: expect.stringMatching(/^mi-[0-9a-f]{17}$/) }]);
    id = String(body['InstanceId']);
  });

  it('gets credentials for the signature of its own key, and with no other', async () => {
    const ask = (key: KeyObject) => call('RequestManagedInstanceRoleToken', { Fingerprint: 'finger' }, { id, key });
    const { status, body } = await ask(own.key);
    expect(status).toBe(200);
    expect(body).toMatchObject({ UpdateKeyPair: false, TokenExpirationDate: expect.any(Number) as number });
    credentials = {
      accessKeyId: String(body['AccessKeyId']),
      secretAccessKey: String(body['SecretAccessKey']),
      sessionToken: String(body['SessionToken']),
    };
    for (const from of [true, false]) {
      // Over loopback too: it says who it is by that alone.
      foreign = from;
      expect((await ask(keyPair().key)).body['__type']).toBe('InvalidSignatureException');
    }
    foreign = true;
  });

  it('does nothing else with its key', async () => {
    const { status, body } = await call('DescribeInstanceInformation', {}, { id, key: own.key });
    expect([status, body['__type']]).toEqual([400, 'AccessDeniedException']);
  });

  it('changes its key', async () => {
    const other = keyPair();
    const change = { NewPublicKey: other.text, NewPublicKeyType: 'Rsa' };
    expect((await call('UpdateManagedInstancePublicKey', change, { id, key: own.key })).status).toBe(200);
    const ask = (key: KeyObject) => call('RequestManagedInstanceRoleToken', { Fingerprint: 'finger' }, { id, key });
    expect([(await ask(own.key)).status, (await ask(other.key)).status]).toEqual([400, 200]);
  });

  it('registers as a container instance by its id, once for each token', async () => {
    const ecs = new ECSClient(settings(credentials));
    const resource = (name: string, integerValue: number) => ({ name, type: 'INTEGER', integerValue });
    const register = (clientToken: string) => {
      const command = new RegisterContainerInstanceCommand({
        cluster: 'default',
        instanceIdentityDocument: '',
        totalResources: [resource('CPU', 1024), resource('MEMORY', 512)],
        attributes: [{ name: 'ecs.capability.external' }],
      });
      // The published client knows no such member: it is put in on the wire.
      command.middlewareStack.add(
        (next) => (args) => {
          const request = args.request as { body: string; headers: Record<string, string> };
          request.body = JSON.stringify({ ...(JSON.parse(request.body) as object), clientToken });
          request.headers['content-length'] = String(Buffer.byteLength(request.body));
          return next(args);
        },
        { step: 'build', priority: 'low' },
      );
      return ecs.send(command);
    };
    foreign = false;
    const { CreateClusterCommand } = await import('@aws-sdk/client-ecs');
    await new ECSClient(settings({ accessKeyId: 'test', secretAccessKey: 'test' })).send(new CreateClusterCommand({}));
    foreign = true;
    const { containerInstance: first } = await register('one');
    const { containerInstance: again } = await register('one');
    const { containerInstance: second } = await register('two');
    expect(first?.ec2InstanceId).toBe(id);
    expect(again?.containerInstanceArn).toBe(first?.containerInstanceArn);
    expect(second?.containerInstanceArn).not.toBe(first?.containerInstanceArn);
    expect(store.list(containerInstances)).toHaveLength(2);
  });

  it("may call what its role's policies allow", async () => {
    const as = settings(credentials);
    const arn = `arn:aws:sts::${account}:assumed-role/ecsAnywhereRole/${id}`;
    expect((await new STSClient(as).send(new GetCallerIdentityCommand({}))).Arn).toBe(arn);
    const sentence = (action: string, where = ' on resource: *'): string =>
      `User: ${arn} is not authorized to perform: ${action}${where} because no identity-based policy allows the ${action} action`;
    const ecs = new ECSClient(as);
    expect(await refusal(ecs.send(new RunTaskCommand({ taskDefinition: 'any' })))).toBe(
      `AccessDeniedException: ${sentence('ecs:RunTask')}`,
    );
    expect(await refusal(new IAMClient(as).send(new ListRolesCommand({})))).toBe(
      `AccessDenied: ${sentence('iam:ListRoles')}`,
    );
    expect(await refusal(new EC2Client(as).send(new DescribeInstancesCommand({})))).toBe(
      `UnauthorizedOperation: You are not authorized to perform this operation. ${sentence('ec2:DescribeInstances', '')}`,
    );
    // On the machine itself nobody is asked for anything.
    foreign = false;
    expect(await refusal(ecs.send(new DescribeClustersCommand({})))).toBe('answered');
    foreign = true;
  });
});
