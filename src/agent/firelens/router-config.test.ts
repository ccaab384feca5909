import { expect, it } from 'vitest';
import { renderRouterConfig, type RouterSetup } from './router-config.ts';

const fields = { ecs_task_definition: 'web:3', ecs_cluster: 'blue', ecs_task_arn: 'arn:task' };
const setup = (more: Partial<RouterSetup>): RouterSetup => ({
  kind: 'fluentbit',
  networkMode: 'awsvpc',
  fields,
  outputs: {},
  ...more,
});

it('of Fluent Bit listens, adds fields, includes, filters and routes', () => {
  const options = {
    Name: 'cloudwatch',
    region: 'eu-west-1',
    log_group_name: '/web',
    'include-pattern': '^ERROR',
    'exclude-pattern': 'debug',
    'log-driver-buffer-limit': '2097152',
  };
  expect(renderRouterConfig(setup({ outputs: { app: options, quiet: {} }, include: '/extra.conf' }))).toBe(`
[INPUT]
    Name forward
    unix_path /var/run/fluent.sock

[INPUT]
    Name forward
    Listen 127.0.0.1
    Port 24224

[INPUT]
    Name tcp
    Tag firelens-healthcheck
    Listen 127.0.0.1
    Port 8877

[FILTER]
    Name grep
    Match app-firelens*
    Regex log ^ERROR

[FILTER]
    Name grep
    Match app-firelens*
    Exclude log debug

[FILTER]
    Name record_modifier
    Match *
    Record ecs_cluster blue
    Record ecs_task_arn arn:task
    Record ecs_task_definition web:3

@INCLUDE /extra.conf

[OUTPUT]
    Name null
    Match firelens-healthcheck

[OUTPUT]
    Name cloudwatch
    Match app-firelens*
    log_group_name /web
    region eu-west-1
`);
});

it('of Fluentd has the same in its own words', () => {
  const options = { '@type': 'stdout', 'include-pattern': 'a', 'exclude-pattern': 'b', flush: '1' };
  expect(
    renderRouterConfig(setup({ kind: 'fluentd', networkMode: 'bridge', outputs: { app: options }, include: '/x' })),
  ).toBe(`
<source>
    @type unix
    path /var/run/fluent.sock
</source>

<source>
    @type forward
    bind 0.0.0.0
    port 24224
</source>

<filter app-firelens**>
    @type  grep
    <regexp>
        key log
        pattern a
    </regexp>
</filter>

<filter app-firelens**>
    @type  grep
    <exclude>
        key log
        pattern b
    </exclude>
</filter>

<filter **>
    @type record_transformer
    <record>
        ecs_cluster blue
        ecs_task_arn arn:task
        ecs_task_definition web:3
    </record>
</filter>

@include /x

<match app-firelens**>
    @type stdout
    flush 1
</match>
`);
});

it('has no forward input in host mode, and no fields where they are not wanted', () => {
  expect(renderRouterConfig(setup({ networkMode: 'host', fields: {} }))).toBe(`
[INPUT]
    Name forward
    unix_path /var/run/fluent.sock
`);
});

it('cannot be made of options without a plugin', () => {
  expect(() => renderRouterConfig(setup({ outputs: { app: { region: 'x' } } }))).toThrow(
    'unable to apply log options of container app to firelens config: missing output key Name which is required for firelens configuration of type fluentbit',
  );
});
