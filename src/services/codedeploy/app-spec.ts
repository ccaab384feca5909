import { parse } from 'yaml';
import { given } from '../../base/given.ts';
import { hookEvents, type HookEvent } from '../../model/codedeploy/lifecycle-event.ts';
import type { TaskSetRequest } from './deps.ts';

/** What an AppSpec file for ECS says. */
export interface AppSpec {
  readonly taskSet: TaskSetRequest;
  readonly hooks: Readonly<Partial<Record<HookEvent, string>>>;
}

/** Why an AppSpec file cannot be followed. */
export class AppSpecError extends Error {
  override readonly name = 'AppSpecError';
}

/**
 * Reads an AppSpec file, YAML or JSON ("AppSpec 'resources' section for Amazon ECS deployments" and "AppSpec 'hooks' section for an
 * Amazon ECS deployment", CodeDeploy User Guide). The names of members are told apart whatever their case, as clients write them
 * in either. Throws `AppSpecError`.
 */
export function readAppSpec(text: string): AppSpec {
  let document: unknown;
  try {
    document = parse(text, { maxAliasCount: 0 });
  } catch {
    throw new AppSpecError('The input AppSpec file is a not well-formed yaml. The template cannot be parsed.');
  }
  const root = fields(document, 'The AppSpec file', ['version', 'resources', 'hooks']);
  const version = root.get('version');
  if (version === undefined || Number(version) !== 0) throw new AppSpecError('The version must be 0.0.');
  return { taskSet: readResource(root.get('resources')), hooks: readHooks(root.get('hooks')) };
}

function readResource(value: unknown): TaskSetRequest {
  const list = items(value, 'Resources');
  if (list.length !== 1) throw new AppSpecError('Resources must have exactly one item.');
  const entries = Object.values(object(list[0], 'Resources'));
  if (entries.length !== 1) throw new AppSpecError('The item of Resources must have exactly one member.');
  const service = fields(entries[0], 'TargetService', ['type', 'properties']);
  if (service.get('type') !== 'AWS::ECS::Service') throw new AppSpecError('The Type must be AWS::ECS::Service.');
  const properties = fields(service.get('properties'), 'Properties', [
    'taskdefinition',
    'loadbalancerinfo',
    'platformversion',
    'networkconfiguration',
    'capacityproviderstrategy',
  ]);
  const balancer = fields(properties.get('loadbalancerinfo'), 'LoadBalancerInfo', ['containername', 'containerport']);
  const containerName = needText(balancer.get('containername'), 'ContainerName');
  const containerPort = Number(balancer.get('containerport'));
  if (!Number.isInteger(containerPort)) throw new AppSpecError('ContainerPort must be a number.');
  return {
    taskDefinition: needText(properties.get('taskdefinition'), 'TaskDefinition'),
    loadBalancers: [{ containerName, containerPort }],
    ...given('platformVersion', text(properties.get('platformversion'), 'PlatformVersion')),
    ...given('networkConfiguration', readNetwork(properties.get('networkconfiguration'))),
    ...given('capacityProviderStrategy', readStrategy(properties.get('capacityproviderstrategy'))),
  };
}

function readNetwork(value: unknown): TaskSetRequest['networkConfiguration'] {
  if (isBlank(value)) return undefined;
  const network = fields(value, 'NetworkConfiguration', ['awsvpcconfiguration']).get('awsvpcconfiguration');
  if (isBlank(network)) return undefined;
  const vpc = fields(network, 'AwsvpcConfiguration', ['subnets', 'securitygroups', 'assignpublicip']);
  const names = (member: string): string[] =>
    isBlank(vpc.get(member)) ? [] : items(vpc.get(member), member).map((one) => needText(one, member));
  const assignPublicIp = text(vpc.get('assignpublicip'), 'AssignPublicIp');
  if (assignPublicIp !== undefined && assignPublicIp !== 'ENABLED' && assignPublicIp !== 'DISABLED') {
    throw new AppSpecError('AssignPublicIp must be ENABLED or DISABLED.');
  }
  return {
    awsvpcConfiguration: {
      subnets: names('subnets'),
      securityGroups: names('securitygroups'),
      ...given('assignPublicIp', assignPublicIp),
    },
  };
}

function readStrategy(value: unknown): TaskSetRequest['capacityProviderStrategy'] {
  if (isBlank(value)) return undefined;
  return items(value, 'CapacityProviderStrategy').map((item) => {
    const each = fields(item, 'CapacityProviderStrategy', ['base', 'capacityprovider', 'weight']);
    return {
      capacityProvider: needText(each.get('capacityprovider'), 'CapacityProvider'),
      ...given('base', number(each.get('base'), 'Base')),
      ...given('weight', number(each.get('weight'), 'Weight')),
    };
  });
}

/** Each hook is the URL of what is called (docs/decisions/0023). */
function readHooks(value: unknown): Partial<Record<HookEvent, string>> {
  const hooks: Partial<Record<HookEvent, string>> = {};
  if (isBlank(value)) return hooks;
  for (const item of items(value, 'Hooks')) {
    for (const [name, target] of Object.entries(object(item, 'Hooks'))) {
      const event = hookEvents.find((one) => one.toLowerCase() === name.toLowerCase());
      if (event === undefined) throw new AppSpecError(`${name} is not a lifecycle event that has hooks.`);
      if (hooks[event] !== undefined) throw new AppSpecError(`There is more than one hook for ${event}.`);
      const url = needText(target, event);
      if (!/^https?:\/\/\S+$/.test(url) || !URL.canParse(url)) {
        throw new AppSpecError(
          `The hook ${url} for ${event} isn't supported by Stowage: there is no Lambda here, name the URL of what is to be called.`,
        );
      }
      hooks[event] = url;
    }
  }
  return hooks;
}

/** An object's members by their names in lower case; others than those `known` are refused. */
function fields(value: unknown, what: string, known: readonly string[]): ReadonlyMap<string, unknown> {
  const members = new Map(Object.entries(object(value, what)).map(([name, member]) => [name.toLowerCase(), member]));
  for (const name of members.keys()) {
    if (!known.includes(name)) throw new AppSpecError(`${what} has an unknown member ${name}.`);
  }
  return members;
}

function object(value: unknown, what: string): object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new AppSpecError(`${what} must be an object.`);
  }
  return value;
}

function items(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new AppSpecError(`${what} must be a list.`);
  return value;
}

function text(value: unknown, what: string): string | undefined {
  if (isBlank(value)) return undefined;
  if (typeof value !== 'string' && typeof value !== 'number') throw new AppSpecError(`${what} must be a text.`);
  return String(value);
}

function needText(value: unknown, what: string): string {
  const given = text(value, what);
  if (given === undefined) throw new AppSpecError(`${what} must be specified.`);
  return given;
}

function number(value: unknown, what: string): number | undefined {
  if (isBlank(value)) return undefined;
  const given = Number(value);
  if (!Number.isInteger(given)) throw new AppSpecError(`${what} must be a number.`);
  return given;
}

/** Members that templates leave empty are not there. */
function isBlank(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}
