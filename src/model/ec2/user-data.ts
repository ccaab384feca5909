import { gunzipSync } from 'node:zlib';

/** User data as text: unpacked where they are compressed ("Run commands when you launch an EC2 instance with user data input"). */
export function userDataText(base64: string): string {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes.toString('utf8');
  try {
    return gunzipSync(bytes, { maxOutputLength: 2 ** 20 }).toString('utf8');
  } catch {
    // What is damaged runs nothing.
    return '';
  }
}

/** The settings of the ECS agent that an instance's user data write (see `ecsConfigOf`). */
export function agentSettings({ userData }: { readonly userData?: string }): Record<string, string> {
  return userData === undefined ? {} : ecsConfigOf(userDataText(userData));
}

/** A setting of the agent's that is on or off, as it reads them. */
export function isOn(setting: string | undefined): boolean {
  return /^(1|t|true)$/i.test(setting ?? '');
}

/**
 * The settings that user data writes into the ECS agent's configuration file, as people write them: `echo NAME=value >> /etc/ecs/ecs.config`,
 * several in one quoted text, or the lines of a here-document ("Bootstrapping Amazon ECS Linux container instances to pass data"). Later ones win.
 */
export function ecsConfigOf(userData: string): Record<string, string> {
  const settings: Record<string, string> = {};
  const lines = userData.split(/\r?\n/);
  const note = (text: string): void => {
    const match = /^\s*(?:export\s+)?(ECS_[A-Z0-9_]+)=(.*)$/s.exec(text);
    if (match !== null) settings[match[1] ?? ''] = unquoted((match[2] ?? '').trim());
  };
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    if (/^[\s-]*path:\s*['"]?\/etc\/ecs\/ecs\.config/.test(line)) {
      for (const written of writtenFile(lines, at)) note(written);
      continue;
    }
    if (!line.includes('/etc/ecs/ecs.config')) continue;
    const heredoc = /<<-?\s*(['"]?)(\w+)\1/.exec(line);
    if (heredoc !== null) {
      for (at += 1; at < lines.length && (lines[at] ?? '').trim() !== heredoc[2]; at += 1) note(lines[at] ?? '');
      continue;
    }
    const echoed =
      /^[\s-]*['"]?(?:sudo\s+)?(?:echo|printf)\s+(?:-[en]+\s+)*(.*?)\s*(?:>>?|\|\s*(?:sudo\s+)?tee\s+(?:-a\s+)?)\s*\/etc\/ecs\/ecs\.config/.exec(
        line,
      )?.[1];
    for (const part of unquoted(echoed ?? '').split(/\\n|\n/)) note(part);
  }
  return settings;
}

/** The lines of the item of a cloud-config's `write_files` that holds the line `at` ("Write files", cloud-init's documentation). */
function writtenFile(lines: readonly string[], at: number): string[] {
  const indent = (line: string | undefined): number => /^\s*/.exec(line ?? '')?.[0].length ?? 0;
  const begins = (line: string | undefined): boolean => /^\s*-\s/.test(line ?? '');
  let first = at;
  while (first > 0 && !begins(lines[first])) first -= 1;
  let last = first + 1;
  const outside = (line: string): boolean => line.trim() !== '' && indent(line) <= indent(lines[first]);
  while (last < lines.length && !outside(lines[last] ?? '')) last += 1;
  // On one line with its name, or below it.
  return lines.slice(first, last).map((line) => line.replace(/^[\s-]*content:\s*/, '').trim());
}

/** What the agent of an instance acts on, of the settings that its configuration may hold ("Amazon ECS container agent configuration"). */
const actedOn: ReadonlySet<string> = new Set([
  'ECS_CLUSTER',
  'ECS_INSTANCE_ATTRIBUTES',
  'ECS_CONTAINER_INSTANCE_TAGS',
  'ECS_RESERVED_MEMORY',
  'ECS_IMAGE_PULL_BEHAVIOR',
  'ECS_CONTAINER_STOP_TIMEOUT',
  'ECS_AWSVPC_BLOCK_IMDS',
]);

/** Settings that ask for what is so anyway, whatever else they might say. */
const soAnyway: Readonly<Record<string, RegExp>> = {
  ECS_ENABLE_TASK_IAM_ROLE: /^(1|t|true)$/i,
  ECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST: /^(1|t|true)$/i,
  ECS_ENABLE_TASK_ENI: /^(1|t|true)$/i,
  ECS_ENABLE_CONTAINER_METADATA: /^(0|f|false)$/i,
  ECS_DISABLE_PRIVILEGED: /^(0|f|false)$/i,
  ECS_DISABLE_IMAGE_CLEANUP: /^(1|t|true)$/i,
  ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE: /^(1|t|true)$/i,
  ECS_ENABLE_TASK_CPU_MEM_LIMIT: /^(1|t|true)$/i,
};

/** The settings that the agent does not act on: it says so in its log. */
export function ignoredSettings(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) =>
    actedOn.has(name) || soAnyway[name]?.test(value) === true ? [] : [`${name}=${value}`],
  );
}

/** Seconds of a duration as Go writes it, `1m30s`, of a second at least; `undefined` when it is none. */
export function secondsOf(duration: string | undefined): number | undefined {
  const [, hours, minutes, seconds] = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(duration ?? '') ?? [];
  const total = Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds ?? 0);
  return total >= 1 ? total : undefined;
}

/** A JSON object of texts, as ECS_INSTANCE_ATTRIBUTES holds it; empty when it is none. */
export function textsIn(json: string | undefined): Record<string, string> {
  if (json === undefined) return {};
  try {
    // Inside double quotes shells want the quotes escaped.
    const value = JSON.parse(json.replaceAll('\\"', '"')) as unknown;
    if (typeof value !== 'object' || value === null) return {};
    return Object.fromEntries(Object.entries(value).map(([name, text]) => [name, String(text)]));
  } catch {
    return {};
  }
}

function unquoted(text: string): string {
  return /^(["']).*\1$/s.test(text) ? text.slice(1, -1) : text;
}
