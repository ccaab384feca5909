/** What a FireLens router is told of its task and of the containers whose output it routes. */
export interface RouterSetup {
  readonly kind: 'fluentd' | 'fluentbit';
  readonly networkMode: string;
  /** Fields added to every record, sorted by name; empty where `enable-ecs-log-metadata` is false. */
  readonly fields: Readonly<Record<string, string>>;
  /** A configuration file inside the router that is included after the filters. */
  readonly include?: string;
  /** The `awsfirelens` options of each container, by its name. */
  readonly outputs: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** Where the router listens for the engine's `fluentd` log driver. */
export const routerSocket = '/var/run/fluent.sock';

/** The port of the router's forward input, which programs reach by FLUENT_HOST and FLUENT_PORT. */
export const forwardPort = '24224';

/** Not of the output plugin: what the log driver may hold back. */
export const bufferLimitOption = 'log-driver-buffer-limit';

/**
 * The configuration of a router, as the genuine agent generates it: the inputs, the records' fields, an included file, and
 * one output for each container whose options name a plugin ("Custom log routing", ECS Developer Guide). Throws an `Error`
 * in the agent's words for options without a plugin.
 */
export function renderRouterConfig(setup: RouterSetup): string {
  return setup.kind === 'fluentd' ? fluentd(setup) : fluentBit(setup);
}

interface Output {
  readonly match: string;
  readonly plugin: string | undefined;
  readonly include: string | undefined;
  readonly exclude: string | undefined;
  readonly options: readonly (readonly [string, string])[];
}

function outputsOf({ kind, outputs }: RouterSetup): Output[] {
  const pluginKey = kind === 'fluentd' ? '@type' : 'Name';
  const wildcard = kind === 'fluentd' ? '**' : '*';
  return Object.entries(outputs).map(([container, all]) => {
    const {
      [pluginKey]: plugin,
      'include-pattern': include,
      'exclude-pattern': exclude,
      [bufferLimitOption]: _limit,
      ...options
    } = all;
    const sorted = Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1));
    if (plugin === undefined && sorted.length > 0) {
      throw new Error(
        `unable to generate firelens config file: unable to apply log options of container ${container} to firelens config: missing output key ${pluginKey} which is required for firelens configuration of type ${kind}`,
      );
    }
    return { match: `${container}-firelens${wildcard}`, plugin, include, exclude, options: sorted };
  });
}

/** Bridge tasks are reached from other containers, awsvpc tasks from within only; other modes have no forward input. */
function forwardHost(networkMode: string): string | undefined {
  return networkMode === 'awsvpc' ? '127.0.0.1' : networkMode === 'bridge' ? '0.0.0.0' : undefined;
}

function sortedFields(setup: RouterSetup): (readonly [string, string])[] {
  return Object.entries(setup.fields).sort(([a], [b]) => (a < b ? -1 : 1));
}

function fluentBit(setup: RouterSetup): string {
  const sections: string[] = [];
  const section = (name: string, lines: readonly (readonly [string, string])[]): void => {
    sections.push([`[${name}]`, ...lines.map(([key, value]) => `    ${key} ${value}`)].join('\n'));
  };
  section('INPUT', [
    ['Name', 'forward'],
    ['unix_path', routerSocket],
  ]);
  const host = forwardHost(setup.networkMode);
  if (host !== undefined) {
    section('INPUT', [
      ['Name', 'forward'],
      ['Listen', host],
      ['Port', forwardPort],
    ]);
    // What a health check of the router's container sends to ("FireLens health check").
    section('INPUT', [
      ['Name', 'tcp'],
      ['Tag', 'firelens-healthcheck'],
      ['Listen', '127.0.0.1'],
      ['Port', '8877'],
    ]);
  }
  const outputs = outputsOf(setup);
  for (const { match, include, exclude } of outputs) {
    const grep = [
      ['Name', 'grep'],
      ['Match', match],
    ] as const;
    if (include !== undefined) section('FILTER', [...grep, ['Regex', `log ${include}`]]);
    if (exclude !== undefined) section('FILTER', [...grep, ['Exclude', `log ${exclude}`]]);
  }
  const fields = sortedFields(setup);
  if (fields.length > 0) {
    section('FILTER', [
      ['Name', 'record_modifier'],
      ['Match', '*'],
      ...fields.map(([name, value]) => ['Record', `${name} ${value}`] as const),
    ]);
  }
  if (setup.include !== undefined) sections.push(`@INCLUDE ${setup.include}`);
  if (host !== undefined) {
    section('OUTPUT', [
      ['Name', 'null'],
      ['Match', 'firelens-healthcheck'],
    ]);
  }
  for (const { match, plugin, options } of outputs) {
    if (plugin !== undefined) section('OUTPUT', [['Name', plugin], ['Match', match], ...options]);
  }
  return `\n${sections.join('\n\n')}\n`;
}

function fluentd(setup: RouterSetup): string {
  const sections: string[] = [];
  const section = (head: string, lines: readonly string[]): void => {
    const tag = head.split(' ')[0] ?? '';
    sections.push([`<${head}>`, ...lines.map((line) => `    ${line}`), `</${tag}>`].join('\n'));
  };
  section('source', ['@type unix', `path ${routerSocket}`]);
  const host = forwardHost(setup.networkMode);
  if (host !== undefined) section('source', ['@type forward', `bind ${host}`, `port ${forwardPort}`]);
  const outputs = outputsOf(setup);
  for (const { match, include, exclude } of outputs) {
    const grep = (kind: string, pattern: string): void =>
      section(`filter ${match}`, ['@type  grep', `<${kind}>`, '    key log', `    pattern ${pattern}`, `</${kind}>`]);
    if (include !== undefined) grep('regexp', include);
    if (exclude !== undefined) grep('exclude', exclude);
  }
  const fields = sortedFields(setup);
  if (fields.length > 0) {
    section('filter **', [
      '@type record_transformer',
      '<record>',
      ...fields.map(([name, value]) => `    ${name} ${value}`),
      '</record>',
    ]);
  }
  if (setup.include !== undefined) sections.push(`@include ${setup.include}`);
  for (const { match, plugin, options } of outputs) {
    if (plugin === undefined) continue;
    section(`match ${match}`, [`@type ${plugin}`, ...options.map(([key, value]) => `${key} ${value}`)]);
  }
  return `\n${sections.join('\n\n')}\n`;
}
