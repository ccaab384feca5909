import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually, must, run } from '../support/clients.ts';
import { gone, startInstallation, type TestInstallation } from '../support/installation.ts';

const account = '000000000000';
const folder = mkdtempSync(join(tmpdir(), 'stowage-balancers-'));
let installation: TestInstallation;

/** Runs the aws CLI and answers what it printed, read as JSON where there is something. */
async function aws<Answer>(
  command: string,
  options: Readonly<Record<string, string | readonly string[]>> = {},
): Promise<Answer> {
  const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value].flat());
  const args = [...command.split(' '), ...words, '--output=json', `--endpoint-url=${installation.endpoint}`];
  const text = await must('aws', args, { env: installation.env });
  return (text.trim() === '' ? {} : JSON.parse(text)) as Answer;
}

beforeAll(async () => {
  installation = await startInstallation();
}, 180_000);
afterAll(() => {
  installation.remove();
  rmSync(folder, { recursive: true });
});

it('what a load balancer was asked is in the bucket for its access logs once it is gone, whoever died meanwhile', async () => {
  const { Subnets } = await aws<{ Subnets: { SubnetId: string }[] }>('ec2 describe-subnets');
  const { GroupId: group } = await aws<{ GroupId: string }>('ec2 create-security-group', {
    'group-name': 'web',
    description: 'web',
  });
  await aws('ec2 authorize-security-group-ingress', {
    'group-id': group,
    protocol: 'tcp',
    port: '80',
    cidr: '0.0.0.0/0',
  });
  const { LoadBalancers } = await aws<{ LoadBalancers: { LoadBalancerArn: string; DNSName: string }[] }>(
    'elbv2 create-load-balancer',
    { name: 'shop', 'security-groups': group, subnets: Subnets.slice(0, 2).map(({ SubnetId }) => SubnetId) },
  );
  const arn = LoadBalancers[0]?.LoadBalancerArn ?? '';
  const name = LoadBalancers[0]?.DNSName ?? '';
  await aws('elbv2 create-listener', {
    'load-balancer-arn': arn,
    protocol: 'HTTP',
    port: '80',
    'default-actions':
      'Type=fixed-response,FixedResponseConfig={StatusCode=200,ContentType=text/plain,MessageBody=hello}',
  });
  await aws('elbv2 wait load-balancer-available', { 'load-balancer-arns': arn });
  const enable = (bucket: string): Promise<object> =>
    aws('elbv2 modify-load-balancer-attributes', {
      'load-balancer-arn': arn,
      attributes: [
        'Key=access_logs.s3.enabled,Value=true',
        `Key=access_logs.s3.bucket,Value=${bucket}`,
        'Key=access_logs.s3.prefix,Value=lb/web',
      ],
    });
  await expect(enable('not-there')).rejects.toThrow(
    'Access Denied for bucket: not-there. Please check S3bucket permission',
  );
  await aws('s3api create-bucket', { bucket: 'access-logs' });
  await enable('access-logs');
  let answers = 0;
  const ask = async (path: string): Promise<string> => {
    const { stdout } = await run('curl', ['-sS', '--max-time', '30', `http://${name}${path}`]);
    if (stdout === 'hello') answers += 1;
    return stdout;
  };
  await eventually('the balancer answers', 120_000, async () => ((await ask('/up')) === 'hello' ? true : undefined));
  const contents = async (): Promise<string[]> => {
    const found = await aws<{ Contents?: { Key: string }[] }>('s3api list-objects-v2', { bucket: 'access-logs' });
    return (found.Contents ?? []).map(({ Key }) => Key);
  };
  const tried = `lb/web/AWSLogs/${account}/ELBAccessLogTestFile`;
  await eventually('logging has begun', 120_000, async () => ((await contents()).includes(tried) ? true : undefined));
  await ask('/before');
  const pid = installation.pid();
  process.kill(pid, 'SIGKILL');
  await gone(pid);
  await ask('/meanwhile');
  installation.stowage('up', '--detach');
  await eventually('the balancer is found again', 120_000, async () => {
    const { LoadBalancers: found } = await aws<{ LoadBalancers: object[] }>('elbv2 describe-load-balancers');
    return found.length > 0 ? true : undefined;
  });
  await ask('/after');
  await aws('elbv2 delete-load-balancer', { 'load-balancer-arn': arn });

  const text = await eventually('the log is delivered', 120_000, async () => {
    const lines = [];
    for (const Key of (await contents()).filter((key) => key !== tried)) {
      expect(Key).toMatch(
        RegExp(
          `^lb/web/AWSLogs/${account}/elasticloadbalancing/us-east-1/\\d{4}/\\d\\d/\\d\\d/` +
            `${account}_elasticloadbalancing_us-east-1_app\\.shop\\.[0-9a-f]{16}_\\d{8}T\\d{4}Z_[\\d.]+_[0-9a-f]{8}\\.log\\.gz$`,
        ),
      );
      const file = join(folder, 'log.gz');
      await must(
        'aws',
        [
          `--endpoint-url=${installation.endpoint}`,
          's3api',
          'get-object',
          '--bucket=access-logs',
          `--key=${Key}`,
          file,
        ],
        {
          env: installation.env,
        },
      );
      lines.push(gunzipSync(readFileSync(file)).toString());
    }
    const all = lines.join('');
    return all.includes('/after ') ? all : undefined;
  });
  // The figures were taken before the log was, and each line once.
  const metrics = new DatabaseSync(join(installation.home, 'metrics.sqlite'), { readOnly: true });
  const answered = metrics
    .prepare(
      "SELECT sum(sum) AS sum FROM unitPoints JOIN series ON series = id WHERE json LIKE '%HTTP_Fixed_Response_Count%' AND json NOT LIKE '%AvailabilityZone%'",
    )
    .get();
  metrics.close();
  expect(answered).toEqual({ sum: answers });
  for (const path of ['/before', '/meanwhile', '/after']) {
    expect(
      text.split('\n').filter((line) => line.includes(` "GET http://${name}:80${path} HTTP/1.1" "curl/`)),
    ).toHaveLength(1);
  }
}, 600_000);
