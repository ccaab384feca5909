// Runs inside a container of a service: protects its task, and then says whenever something about its identity changes.
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';

const { env } = process;
const say = (name, value) => console.log(JSON.stringify({ name, value }));
const protection = await fetch(`${env.ECS_AGENT_URI}/task-protection/v1/state`, {
  method: 'PUT',
  body: JSON.stringify({ ProtectionEnabled: true, ExpiresInMinutes: 60 }),
});
say('protection', { status: protection.status, body: await protection.json() });
const read = await fetch(`${env.ECS_AGENT_URI}/task-protection/v1/state`);
say('state', { status: read.status, body: await read.json() });

process.on('SIGTERM', () => process.exit(0));
const sts = new STSClient({ maxAttempts: 1 });
let last = '';
for (;;) {
  let now;
  try {
    const credentials = await fetch(`http://169.254.170.2${env.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI}`);
    const { Arn } = credentials.ok ? await sts.send(new GetCallerIdentityCommand({})) : {};
    now = credentials.ok ? Arn : `status ${credentials.status}`;
  } catch (error) {
    now = `away: ${error.name}`;
  }
  if (now !== last) say('identity', now);
  last = now;
  await new Promise((wake) => setTimeout(wake, 100));
}
