import { readdirSync } from 'node:fs';
import {
  BatchCheckLayerAvailabilityCommand,
  BatchDeleteImageCommand,
  BatchGetImageCommand,
  CompleteLayerUploadCommand,
  CreateRepositoryCommand,
  DeleteLifecyclePolicyCommand,
  DeleteRepositoryCommand,
  DeleteRepositoryPolicyCommand,
  DescribeImageScanFindingsCommand,
  DescribeImagesCommand,
  DescribeRegistryCommand,
  DescribeRepositoriesCommand,
  ECRClient,
  GetAuthorizationTokenCommand,
  GetDownloadUrlForLayerCommand,
  GetLifecyclePolicyCommand,
  GetRepositoryPolicyCommand,
  InitiateLayerUploadCommand,
  ListImagesCommand,
  ListTagsForResourceCommand,
  PutImageCommand,
  PutImageScanningConfigurationCommand,
  PutImageTagMutabilityCommand,
  PutLifecyclePolicyCommand,
  SetRepositoryPolicyCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UploadLayerPartCommand,
} from '@aws-sdk/client-ecr';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { digestOf, startEcr, type EcrServer } from './testing.ts';

let server: EcrServer;
let client: ECRClient;
let made = 0;

beforeAll(async () => {
  server = await startEcr();
  client = clientIn('us-east-1');
});
afterAll(() => server.close());

function clientIn(region: string, accessKeyId = 'test'): ECRClient {
  const credentials = { accessKeyId, secretAccessKey: 'test' };
  return new ECRClient({ endpoint: server.endpoint, region, credentials, maxAttempts: 1 });
}

async function newRepository(more: object = {}): Promise<string> {
  made += 1;
  const repositoryName = `team/app-${made}`;
  await client.send(new CreateRepositoryCommand({ repositoryName, ...more }));
  return repositoryName;
}

async function addLayer(repositoryName: string, content: string): Promise<{ digest: string; size: number }> {
  const bytes = Buffer.from(content);
  const digest = digestOf(bytes);
  const { uploadId } = await client.send(new InitiateLayerUploadCommand({ repositoryName }));
  const half = bytes.length >> 1;
  for (const [first, last] of [
    [0, half - 1],
    [half, bytes.length - 1],
  ] as const) {
    const layerPartBlob = bytes.subarray(first, last + 1);
    await client.send(
      new UploadLayerPartCommand({ repositoryName, uploadId, partFirstByte: first, partLastByte: last, layerPartBlob }),
    );
  }
  await client.send(new CompleteLayerUploadCommand({ repositoryName, uploadId, layerDigests: [digest] }));
  return { digest, size: bytes.length };
}

const mediaType = 'application/vnd.docker.distribution.manifest.v2+json';

async function addImage(repositoryName: string, imageTag: string | undefined, content: string): Promise<string> {
  const [config, layer] = [
    await addLayer(repositoryName, `{"c":"${content}"}`),
    await addLayer(repositoryName, content),
  ];
  const imageManifest = manifestOf(config, layer);
  const { image } = await client.send(new PutImageCommand({ repositoryName, imageManifest, imageTag }));
  return image?.imageId?.imageDigest ?? '';
}

function manifestOf(config: object, layer: object): string {
  const type = 'application/vnd.docker.container.image.v1+json';
  return JSON.stringify({
    schemaVersion: 2,
    mediaType,
    config: { mediaType: type, ...config },
    layers: [{ ...layer }],
  });
}

const refused = (name: string): object => expect.objectContaining({ name }) as object;

describe('repositories', () => {
  test('are described with the address by which the client came', async () => {
    const repositoryName = await newRepository({ imageScanningConfiguration: { scanOnPush: true } });
    const { repositories } = await client.send(new DescribeRepositoriesCommand({ repositoryNames: [repositoryName] }));
    expect(repositories).toEqual([
      {
        repositoryArn: `arn:aws:ecr:us-east-1:000000000000:repository/${repositoryName}`,
        registryId: '000000000000',
        repositoryName,
        repositoryUri: `${new URL(server.endpoint).host}/${repositoryName}`,
        createdAt: new Date(server.deps.clock.now()),
        imageTagMutability: 'MUTABLE',
        imageScanningConfiguration: { scanOnPush: true },
        encryptionConfiguration: { encryptionType: 'AES256' },
      },
    ]);
  });

  test('are separate by region and account', async () => {
    const repositoryName = await newRepository();
    for (const other of [clientIn('eu-west-1'), clientIn('us-east-1', '111122223333')]) {
      const command = new DescribeRepositoriesCommand({ repositoryNames: [repositoryName] });
      await expect(other.send(command)).rejects.toEqual(refused('RepositoryNotFoundException'));
    }
  });

  test('come in pages', async () => {
    const other = clientIn('ap-south-1');
    for (const name of ['cc', 'aa', 'bb']) await other.send(new CreateRepositoryCommand({ repositoryName: name }));
    const first = await other.send(new DescribeRepositoriesCommand({ maxResults: 2 }));
    expect(first.repositories?.map((row) => row.repositoryName)).toEqual(['aa', 'bb']);
    const second = await other.send(new DescribeRepositoriesCommand({ maxResults: 2, nextToken: first.nextToken }));
    expect(second.repositories?.map((row) => row.repositoryName)).toEqual(['cc']);
    expect(second.nextToken).toBeUndefined();
  });

  test.each(['A', 'a', 'a b', '-a', 'a/', 'a//b', 'x'.repeat(257), '../etc'])('cannot be named %s', async (name) => {
    const command = new CreateRepositoryCommand({ repositoryName: name });
    await expect(client.send(command)).rejects.toEqual(refused('InvalidParameterException'));
  });

  test.each([['a name twice', {}, 'RepositoryAlreadyExistsException']])('refuse %s', async (_case, more, name) => {
    const repositoryName = await newRepository();
    await expect(client.send(new CreateRepositoryCommand({ repositoryName, ...more }))).rejects.toEqual(refused(name));
  });

  test.each([
    [{ encryptionConfiguration: { encryptionType: 'KMS' as const } }, 'InvalidParameterException'],
    [{ imageTagMutability: 'SOMETIMES' as never }, 'InvalidParameterException'],
    [{ imageTagMutability: 'IMMUTABLE_WITH_EXCLUSION' as const }, 'InvalidParameterException'],
    [{ tags: [{ Key: 'aws:x', Value: 'y' }] }, 'InvalidTagParameterException'],
    [{ tags: Array.from({ length: 51 }, (_, n) => ({ Key: `k${n}`, Value: 'v' })) }, 'TooManyTagsException'],
  ])('refuse %j', async (more, name) => {
    const command = new CreateRepositoryCommand({ repositoryName: 'refused', ...more });
    await expect(client.send(command)).rejects.toEqual(refused(name));
  });

  test('with images go only by force, and take what nobody else needs with them', async () => {
    const [one, two] = [await newRepository(), await newRepository()];
    await addImage(one, 'v1', 'shared content');
    const digest = await addImage(two, 'v1', 'shared content');
    await expect(client.send(new DeleteRepositoryCommand({ repositoryName: one }))).rejects.toEqual(
      refused('RepositoryNotEmptyException'),
    );
    await client.send(new DeleteRepositoryCommand({ repositoryName: one, force: true }));
    expect(await server.deps.blobs.size(digest)).toBeGreaterThan(0);
    await client.send(new DeleteRepositoryCommand({ repositoryName: two, force: true }));
    expect(await server.deps.blobs.size(digest)).toBeUndefined();
    expect(await server.deps.blobs.size(digestOf('shared content'))).toBeUndefined();
    expect(readdirSync(`${server.dir}/uploads`)).toEqual([]);
  });

  test('keep tags', async () => {
    const repositoryName = await newRepository({ tags: [{ Key: 'a', Value: '1' }] });
    const resourceArn = `arn:aws:ecr:us-east-1:000000000000:repository/${repositoryName}`;
    await client.send(
      new TagResourceCommand({
        resourceArn,
        tags: [
          { Key: 'b', Value: '2' },
          { Key: 'a', Value: '3' },
        ],
      }),
    );
    await client.send(new UntagResourceCommand({ resourceArn, tagKeys: ['b'] }));
    const { tags } = await client.send(new ListTagsForResourceCommand({ resourceArn }));
    expect(tags).toEqual([{ Key: 'a', Value: '3' }]);
    const gone = new ListTagsForResourceCommand({ resourceArn: `${resourceArn}-not` });
    await expect(client.send(gone)).rejects.toEqual(refused('RepositoryNotFoundException'));
  });

  test('keep their policies', async () => {
    const repositoryName = await newRepository();
    const policyText = '{"Version":"2012-10-17","Statement":[]}';
    const get = new GetRepositoryPolicyCommand({ repositoryName });
    await expect(client.send(get)).rejects.toEqual(refused('RepositoryPolicyNotFoundException'));
    await expect(client.send(new SetRepositoryPolicyCommand({ repositoryName, policyText: '{' }))).rejects.toEqual(
      refused('InvalidParameterException'),
    );
    await client.send(new SetRepositoryPolicyCommand({ repositoryName, policyText }));
    expect(await client.send(get)).toMatchObject({ policyText, repositoryName, registryId: '000000000000' });
    await client.send(new DeleteRepositoryPolicyCommand({ repositoryName }));
    await expect(client.send(get)).rejects.toEqual(refused('RepositoryPolicyNotFoundException'));

    const selection = { tagStatus: 'untagged', countType: 'imageCountMoreThan', countNumber: 1 };
    const rule = { rulePriority: 1, description: 'x'.repeat(100), selection, action: { type: 'expire' } };
    const lifecyclePolicyText = JSON.stringify({ rules: [rule] });
    const nonsense = JSON.stringify({ rules: [{ ...rule, action: { type: 'transition' } }] });
    await expect(
      client.send(new PutLifecyclePolicyCommand({ repositoryName, lifecyclePolicyText: nonsense })),
    ).rejects.toEqual(refused('InvalidParameterException'));
    const getLifecycle = new GetLifecyclePolicyCommand({ repositoryName });
    await expect(client.send(getLifecycle)).rejects.toEqual(refused('LifecyclePolicyNotFoundException'));
    await client.send(new PutLifecyclePolicyCommand({ repositoryName, lifecyclePolicyText }));
    expect(await client.send(getLifecycle)).toMatchObject({ lifecyclePolicyText });
    await client.send(new DeleteLifecyclePolicyCommand({ repositoryName }));
    await expect(client.send(getLifecycle)).rejects.toEqual(refused('LifecyclePolicyNotFoundException'));
  });

  test('the registry describes itself', async () => {
    expect(await client.send(new DescribeRegistryCommand({}))).toMatchObject({
      registryId: '000000000000',
      replicationConfiguration: { rules: [] },
    });
  });
});

describe('images', () => {
  test('are listed, described and given back as they were put', async () => {
    const repositoryName = await newRepository();
    const digest = await addImage(repositoryName, 'v1', 'content of v1');
    const untagged = await addImage(repositoryName, undefined, 'content of nothing');
    const list = async (filter?: object): Promise<unknown> =>
      (await client.send(new ListImagesCommand({ repositoryName, ...filter }))).imageIds;
    expect(await list()).toHaveLength(2);
    expect(await list({ filter: { tagStatus: 'TAGGED' } })).toEqual([{ imageDigest: digest, imageTag: 'v1' }]);
    expect(await list({ filter: { tagStatus: 'UNTAGGED' } })).toEqual([{ imageDigest: untagged }]);
    expect(await list({ filter: { imageStatus: 'ARCHIVED' } })).toEqual([]);
    const { imageDetails } = await client.send(
      new DescribeImagesCommand({ repositoryName, imageIds: [{ imageTag: 'v1' }] }),
    );
    expect(imageDetails).toEqual([
      {
        registryId: '000000000000',
        repositoryName,
        imageDigest: digest,
        imageTags: ['v1'],
        imageSizeInBytes: 'content of v1'.length + '{"c":"content of v1"}'.length,
        imagePushedAt: new Date(server.deps.clock.now()),
        imageManifestMediaType: mediaType,
        artifactMediaType: 'application/vnd.docker.container.image.v1+json',
        imageStatus: 'ACTIVE',
      },
    ]);
    const { images, failures } = await client.send(
      new BatchGetImageCommand({
        repositoryName,
        imageIds: [{ imageTag: 'v1' }, { imageTag: 'v2' }, {}, { imageDigest: 'sha256:12' }],
      }),
    );
    expect(digestOf(images?.[0]?.imageManifest ?? '')).toBe(digest);
    expect(failures?.map((failure) => failure.failureCode)).toEqual([
      'ImageNotFound',
      'MissingDigestAndTag',
      'InvalidImageDigest',
    ]);
    const absent = new DescribeImagesCommand({ repositoryName, imageIds: [{ imageTag: 'v2' }] });
    await expect(client.send(absent)).rejects.toEqual(refused('ImageNotFoundException'));
  });

  test('lose a tag to a newer image, unless tags are immutable', async () => {
    const repositoryName = await newRepository();
    const old = await addImage(repositoryName, 'latest', 'old');
    const young = await addImage(repositoryName, 'latest', 'young');
    const { imageDetails } = await client.send(new DescribeImagesCommand({ repositoryName }));
    expect(imageDetails?.find((image) => image.imageDigest === old)?.imageTags).toBeUndefined();
    expect(imageDetails?.find((image) => image.imageDigest === young)?.imageTags).toEqual(['latest']);

    const filters = { imageTagMutabilityExclusionFilters: [{ filterType: 'WILDCARD' as const, filter: 'dev-*' }] };
    const imageTagMutability = 'IMMUTABLE_WITH_EXCLUSION';
    await client.send(new PutImageTagMutabilityCommand({ repositoryName, imageTagMutability, ...filters }));
    await expect(addImage(repositoryName, 'latest', 'younger')).rejects.toEqual(
      refused('ImageTagAlreadyExistsException'),
    );
    await addImage(repositoryName, 'dev-1', 'one');
    await addImage(repositoryName, 'dev-1', 'two');
  });

  test('are refused when something is missing or wrong', async () => {
    const repositoryName = await newRepository();
    const [config, layer] = [await addLayer(repositoryName, '{"x":1}'), await addLayer(repositoryName, 'xx')];
    const put = (imageManifest: string, more: object = {}): Promise<unknown> =>
      client.send(new PutImageCommand({ repositoryName, imageManifest, imageTag: 'v', ...more }));
    const elsewhere = { digest: digestOf('elsewhere'), size: 3 };
    await expect(put(manifestOf(config, elsewhere))).rejects.toEqual(refused('LayersNotFoundException'));
    await expect(put('{')).rejects.toEqual(refused('InvalidParameterException'));
    await expect(put('{"schemaVersion":1}')).rejects.toEqual(refused('InvalidParameterException'));
    await expect(put(manifestOf(config, layer), { imageTag: 'no good' })).rejects.toEqual(
      refused('InvalidParameterException'),
    );
    await expect(put(manifestOf(config, layer), { imageDigest: digestOf('other') })).rejects.toEqual(
      refused('ImageDigestDoesNotMatchException'),
    );
    const index = {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [{ ...elsewhere, mediaType }],
    };
    await expect(put(JSON.stringify(index))).rejects.toEqual(refused('ReferencedImagesNotFoundException'));
    expect((await client.send(new ListImagesCommand({ repositoryName }))).imageIds).toEqual([]);
    await put(manifestOf(config, layer));
    await expect(put(manifestOf(config, layer))).rejects.toEqual(refused('ImageAlreadyExistsException'));
  });

  test('go with their last tag, or by digest with all of them; but not before an index that lists them', async () => {
    const repositoryName = await newRepository();
    const digest = await addImage(repositoryName, 'a', 'content');
    const manifest = (await server.deps.blobs.read(digest)).toString();
    await client.send(new PutImageCommand({ repositoryName, imageManifest: manifest, imageTag: 'b' }));
    const remove = (...imageIds: object[]) => client.send(new BatchDeleteImageCommand({ repositoryName, imageIds }));
    expect(await remove({ imageTag: 'a' }, { imageTag: 'zzz' }, {})).toMatchObject({
      imageIds: [{ imageDigest: digest, imageTag: 'a' }],
      failures: [{ failureCode: 'MissingDigestAndTag' }, { failureCode: 'ImageNotFound' }],
    });
    const imageManifest = JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [{ digest, size: manifest.length, mediaType }],
    });
    const { image } = await client.send(new PutImageCommand({ repositoryName, imageManifest, imageTag: 'index' }));
    expect((await remove({ imageDigest: digest })).failures).toMatchObject([
      { failureCode: 'ImageReferencedByManifestList' },
    ]);
    const { imageIds, failures } = await remove({ imageDigest: digest }, { imageDigest: image?.imageId?.imageDigest });
    expect(failures).toEqual([]);
    expect(imageIds).toHaveLength(2);
    expect(await server.deps.blobs.size(digestOf('content'))).toBeUndefined();
  });

  test('scan findings do not pretend that somebody looked', async () => {
    const repositoryName = await newRepository();
    await addImage(repositoryName, 'v1', 'scan me');
    const find = new DescribeImageScanFindingsCommand({ repositoryName, imageId: { imageTag: 'v1' } });
    await expect(client.send(find)).rejects.toEqual(refused('ScanNotFoundException'));
    const imageScanningConfiguration = { scanOnPush: true };
    await client.send(new PutImageScanningConfigurationCommand({ repositoryName, imageScanningConfiguration }));
    expect(await client.send(find)).toMatchObject({
      imageScanStatus: { status: 'FAILED', description: expect.stringContaining('no vulnerability scanner') as string },
      imageScanFindings: { findings: [] },
    });
  });
});

describe('layers', () => {
  test('are known by repository', async () => {
    const [one, two] = [await newRepository(), await newRepository()];
    const { digest, size } = await addLayer(one, 'a layer');
    const check = async (repositoryName: string): Promise<unknown> =>
      client.send(new BatchCheckLayerAvailabilityCommand({ repositoryName, layerDigests: [digest, 'bad'] }));
    expect(await check(one)).toMatchObject({
      layers: [{ layerDigest: digest, layerAvailability: 'AVAILABLE', layerSize: size }],
      failures: [{ layerDigest: 'bad', failureCode: 'InvalidLayerDigest' }],
    });
    expect(await check(two)).toMatchObject({ layers: [{ layerAvailability: 'UNAVAILABLE' }] });
  });

  test('are downloaded from the address that is given out', async () => {
    const repositoryName = await newRepository();
    const { digest } = await addLayer(repositoryName, 'download me');
    const get = new GetDownloadUrlForLayerCommand({ repositoryName, layerDigest: digest });
    const { downloadUrl } = await client.send(get);
    expect(await (await fetch(downloadUrl ?? '')).text()).toBe('download me');
    expect((await fetch((downloadUrl ?? '').split('?')[0] ?? '')).status).toBe(401);
  });

  test('must arrive in order, and be what their digest says', async () => {
    const repositoryName = await newRepository();
    const { uploadId } = await client.send(new InitiateLayerUploadCommand({ repositoryName }));
    const part = (partFirstByte: number, text: string): UploadLayerPartCommand =>
      new UploadLayerPartCommand({
        repositoryName,
        uploadId,
        partFirstByte,
        partLastByte: partFirstByte + text.length - 1,
        layerPartBlob: Buffer.from(text),
      });
    const complete = (digest: string): CompleteLayerUploadCommand =>
      new CompleteLayerUploadCommand({ repositoryName, uploadId, layerDigests: [digest] });
    await expect(client.send(complete(digestOf('')))).rejects.toEqual(refused('EmptyUploadException'));
    await client.send(part(0, 'abc'));
    await expect(client.send(part(5, 'x'))).rejects.toMatchObject({
      name: 'InvalidLayerPartException',
      lastValidByteReceived: 2,
    });
    await expect(client.send(complete(digestOf('xyz')))).rejects.toEqual(refused('InvalidLayerException'));
    await expect(client.send(complete(digestOf('abc')))).rejects.toEqual(refused('UploadNotFoundException'));
  });
});

test('an authorization token is AWS and a password, good for 12 hours', async () => {
  const { authorizationData } = await client.send(new GetAuthorizationTokenCommand({}));
  const [data] = authorizationData ?? [];
  expect(Buffer.from(data?.authorizationToken ?? '', 'base64').toString()).toMatch(/^AWS:[^:]+$/);
  expect(data?.proxyEndpoint).toBe(server.endpoint);
  expect(data?.expiresAt?.getTime()).toBe(server.deps.clock.now() + 12 * 3600_000);
});
