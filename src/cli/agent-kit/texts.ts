import type { AgentCredentials } from './credentials.ts';

/** What the files of a kit are written for. */
export interface KitOptions {
  readonly cluster: string;
  readonly region: string;
  /** Where the agent's machine reaches the control plane: `http://192.168.1.10:4566`. */
  readonly endpoint: string;
  /** Of an agent on an EC2 instance of the control plane's own machine: the path of its socket. Absent for an external instance. */
  readonly control?: string;
}

/** The agent's environment ("Amazon ECS container agent configuration"). */
export function environmentFile({ cluster, region, endpoint, control }: KitOptions): string {
  // On an instance the metadata service says what it is, and has its role's credentials.
  const kind =
    control === undefined
      ? { ECS_EXTERNAL: 'true' }
      : { ECS_ENABLE_TASK_ENI: 'true', ECS_ENABLE_HIGH_DENSITY_ENI: 'false' };
  const variables = {
    ...kind,
    ECS_CLUSTER: cluster,
    AWS_DEFAULT_REGION: region,
    ECS_BACKEND_HOST: endpoint,
    AWS_ENDPOINT_URL: endpoint,
    ECS_AVAILABLE_LOGGING_DRIVERS: '["json-file","syslog","journald","gelf","fluentd","awslogs","splunk","none"]',
    ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE: 'true',
    ECS_ENABLE_TASK_IAM_ROLE: 'true',
    ECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST: 'true',
    ECS_UPDATES_ENABLED: 'false',
  };
  const lines = Object.entries(variables).map(([name, value]) => `${name}='${value.replaceAll("'", `'\\''`)}'\n`);
  return lines.join('');
}

/** Credentials in the form of the file that agents of external instances read again every minute. */
export function credentialsFile({ accessKeyId, secretAccessKey, sessionToken }: AgentCredentials): string {
  return `[default]
aws_access_key_id = ${accessKeyId}
aws_secret_access_key = ${secretAccessKey}
aws_session_token = ${sessionToken}
`;
}

/** Renews the credentials in the kit with themselves. */
export function rotateScript({ region, endpoint }: KitOptions): string {
  return `#!/bin/sh
# Takes new credentials, good for 12 hours, in place of those in rotatingcreds/credentials. The agent reads them within a minute.
set -eu
file="$(cd "$(dirname "$0")" && pwd)/rotatingcreds/credentials"
of() { sed -n "s/^aws_$1 = //p" "$file"; }
answer=$(curl --silent --show-error --fail --aws-sigv4 'aws:amz:${region}:sts' \\
  --user "$(of access_key_id):$(of secret_access_key)" --header "x-amz-security-token: $(of session_token)" \\
  --data 'Action=GetSessionToken&Version=2011-06-15&DurationSeconds=43200' '${endpoint}/')
member() { printf %s "$answer" | sed -n "s:.*<$1>\\([^<]*\\)</$1>.*:\\1:p"; }
umask 077
printf '[default]\\naws_access_key_id = %s\\naws_secret_access_key = %s\\naws_session_token = %s\\n' \\
  "$(member AccessKeyId)" "$(member SecretAccessKey)" "$(member SessionToken)" > "$file.new"
grep -q 'aws_session_token = .' "$file.new"
mv "$file.new" "$file"
`;
}

/** What ecs-init does around the agent on Amazon's machines: tasks find the agent at 169.254.170.2, and nobody else does. */
export const networkScript = `#!/bin/sh
# Makes the agent answer at 169.254.170.2 (task metadata and credentials), from tasks and from this machine. "--remove" undoes it.
set -eu
rule() { # table chain words...
  table=$1; chain=$2; shift 2
  iptables -w -t "$table" -D "$chain" "$@" 2>/dev/null || true
  [ "$action" = remove ] || iptables -w -t "$table" -I "$chain" "$@"
}
action=\${1:-add}; action=\${action#--}
[ "$action" = remove ] || sysctl -q -w net.ipv4.conf.all.route_localnet=1
rule nat PREROUTING -d 169.254.170.2 -p tcp --dport 80 -j DNAT --to-destination 127.0.0.1:51679
rule nat OUTPUT -d 169.254.170.2 -p tcp --dport 80 -j REDIRECT --to-ports 51679
# With route_localnet, others could reach what listens on loopback alone.
rule filter INPUT ! -i lo -d 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
# The agent's introspection answers on every interface.
rule filter INPUT ! -i lo -p tcp --dport 51678 -j DROP
`;

/** What the agent finds in its environment; more may follow, up to `set +a`. */
const agentEnvironment = `here="$(cd "$(dirname "$0")" && pwd)"
set -a
. "$here/agent.env"
ECS_DATADIR="\${ECS_DATADIR:-$here/data}"
ECS_LOGFILE="\${ECS_LOGFILE:-$here/agent.log}"
ECS_AGENT_CONFIG_FILE_PATH="$here/config.json"
`;

/** What is there before the agent starts. */
const beforeAgent = `mkdir -p "$ECS_DATADIR"
printf '{"PauseContainerTarballPath":"%s/amazon-ecs-pause.tar"}\\n' "$here" > "$here/config.json"
"$here/network.sh"
`;

/** Starts the agent with all of it. */
export const runScript = `#!/bin/sh
# usage: run.sh /path/to/amazon-ecs-agent
set -eu
${agentEnvironment}set +a
# The one path at which the agent looks for credentials that change.
[ -e /rotatingcreds ] || ln -sfn "$here/rotatingcreds" /rotatingcreds
${beforeAgent}agent=$$
# Credentials that will soon be over are renewed at the start, and every six hours for as long as the agent runs.
( minutes=0
  while kill -0 "$agent" 2>/dev/null; do
    [ $((minutes % 360)) -ne 0 ] || "$here/rotate.sh" || true
    minutes=$((minutes + 1))
    sleep 60
  done ) &
exec "$1"
`;

/** The same on an EC2 instance, of which the metadata service has the credentials. */
export const runOnInstanceScript = `#!/bin/sh
# usage: run.sh /path/to/amazon-ecs-agent, in the network of the instance
set -eu
${agentEnvironment}ECS_CNI_PLUGINS_PATH="$here/cni"
set +a
${beforeAgent}exec "$1"
`;

/** What is to be done with it. */
export function readme({ cluster, endpoint, control }: KitOptions): string {
  if (control !== undefined) return readmeOnInstance(cluster);
  const host = endpoint.replace(/^https?:\/\//, '');
  return `# A container instance with Amazon's own agent

This folder holds what an unmodified amazon-ecs-agent needs beside its binary to join the cluster \`${cluster}\` of the control plane at
${endpoint}. It registers as an external instance: it runs tasks of the launch type EXTERNAL.

1. Copy the folder to the machine: Linux, root, Docker, iptables, curl. Keep it: \`rotatingcreds/credentials\` is the machine's key.
2. So that the engine pulls from the control plane's registry over plain HTTP, put into \`/etc/docker/daemon.json\`
   \`{"insecure-registries": ["${host}"]}\` and restart it (not needed on the control plane's own machine).
3. \`./run.sh /path/to/amazon-ecs-agent\` sets the network up, renews the credentials every six hours and runs the agent.

\`agent.env\` configures the agent, \`network.sh\` leads 169.254.170.2 to it (\`--remove\` undoes that), \`rotate.sh\` renews the credentials (they
last twelve hours: a machine that was off for longer needs another kit), \`amazon-ecs-pause.tar\` is its pause image. \`data/\` is its memory:
without it the agent registers anew. To leave: \`aws ecs deregister-container-instance\`, stop the agent, \`./network.sh --remove\`.
`;
}

function readmeOnInstance(cluster: string): string {
  return `# A container instance with Amazon's own agent, on an EC2 instance

This folder holds what an unmodified amazon-ecs-agent needs beside its binary to make an EC2 instance of the control plane's own machine a
container instance of the cluster \`${cluster}\`. The instance is one of an image without an agent (al2023-ami-hvm, amzn2-ami-hvm), whose
instance profile has a role with the policy AmazonEC2ContainerServiceforEC2Role.

\`nsenter --net=/proc/$(docker inspect -f '{{.State.Pid}}' $(docker ps -qf label=stowage.instance=ID))/ns/net ./run.sh /path/to/amazon-ecs-agent\`

\`agent.env\` configures the agent, \`network.sh\` leads 169.254.170.2 to it, \`cni/\` are the plugins by which its tasks of the mode awsvpc get their
interfaces from the control plane. Tasks in the modes bridge and host are in the network of the engine, which is the machine's.
`;
}
