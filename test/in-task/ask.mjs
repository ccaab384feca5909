// Runs inside a container, with nothing but what ECS puts into its environment, and prints what it finds: a line of JSON
// for each thing. Its arguments are what to look for beyond that.
import { ECSClient, ListClustersCommand } from '@aws-sdk/client-ecs';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';

const { env } = process;
const found = async (name, find) => {
  try {
    console.log(JSON.stringify({ name, value: await find() }));
  } catch (error) {
    console.log(JSON.stringify({ name, error: `${error.name}: ${error.message}` }));
  }
};
const get = async (url, options) => {
  const response = await fetch(url, options);
  const text = await response.text();
  const isJson = response.headers.get('content-type') === 'application/json';
  return { status: response.status, body: isJson ? JSON.parse(text) : text };
};
const link = 'http://169.254.170.2';

await found('environment', () => env);
await found('identity', async () => {
  const { UserId, Account, Arn } = await new STSClient({}).send(new GetCallerIdentityCommand({}));
  return { UserId, Account, Arn };
});
await found('clusters', async () => (await new ECSClient({}).send(new ListClustersCommand({}))).clusterArns);
await found('object', async () => {
  const s3 = new S3Client({});
  const at = { Bucket: 'inside', Key: 'from node/☃' };
  await s3.send(new PutObjectCommand({ ...at, Body: 'written inside' }));
  return (await s3.send(new GetObjectCommand(at))).Body.transformToString();
});
const documents = {
  v4: env.ECS_CONTAINER_METADATA_URI_V4,
  'v4/task': `${env.ECS_CONTAINER_METADATA_URI_V4}/task`,
  'v4/taskWithTags': `${env.ECS_CONTAINER_METADATA_URI_V4}/taskWithTags`,
  'v4/stats': `${env.ECS_CONTAINER_METADATA_URI_V4}/stats`,
  'v4/task/stats': `${env.ECS_CONTAINER_METADATA_URI_V4}/task/stats`,
  v3: env.ECS_CONTAINER_METADATA_URI,
  'v3/task': `${env.ECS_CONTAINER_METADATA_URI}/task`,
  'v3/stats': `${env.ECS_CONTAINER_METADATA_URI}/stats`,
  'v2/metadata': `${link}/v2/metadata`,
  'v2/stats': `${link}/v2/stats`,
  credentials: `${link}${env.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI}`,
  'own paths': `${env.AWS_ENDPOINT_URL}/_stowage/status`,
};
for (const [name, url] of Object.entries(documents)) await found(name, () => get(url));

const inject = (fault, body) =>
  get(`${env.ECS_AGENT_URI}/fault/v1/${fault}`, { method: 'POST', body: JSON.stringify(body) });
const drop = { Port: 4566, Protocol: 'tcp', TrafficType: 'egress' };
await found('fault/start', () => inject('network-blackhole-port/start', drop));
await found('fault/status', () => inject('network-blackhole-port/status', drop));
await found('fault/while', () => get(env.AWS_ENDPOINT_URL, { signal: AbortSignal.timeout(1_000) }));
await found('fault/stop', () => inject('network-blackhole-port/stop', drop));
await found('fault/after', () => get(`${env.AWS_ENDPOINT_URL}/_stowage/status`));
const slow = { DelayMilliseconds: 5, JitterMilliseconds: 0, Sources: ['10.255.0.0/16'] };
await found('fault/latency', () => inject('network-latency/start', slow));
