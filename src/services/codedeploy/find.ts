import type { Application } from '../../model/codedeploy/application.ts';
import type { DeploymentGroup } from '../../model/codedeploy/deployment-group.ts';
import type { CodeDeployment } from '../../model/codedeploy/deployment.ts';
import { predefinedRoutings, type TrafficRouting } from '../../model/codedeploy/traffic-routing.ts';
import { scopeOf, type Scoped } from '../../model/tags.ts';
import type { Reader } from '../../store/store.ts';
import {
  applications,
  codeDeployments,
  deploymentConfigs,
  deploymentGroups,
  groupKey,
  namedKey,
} from '../../store/tables/codedeploy.ts';
import { refused } from './errors.ts';

const namePattern = /^[a-zA-Z0-9._+=,@-]{1,100}$/;

/** Checks an application's name. */
export function applicationName(name: string | undefined): string {
  if (name === undefined || name === '') throw refused('ApplicationNameRequired', 'Application name must be specified');
  if (!namePattern.test(name)) throw refused('InvalidApplicationName', `Application name '${name}' is invalid`);
  return name;
}

/** Checks a deployment group's name. */
export function groupName(name: string | undefined): string {
  if (name === undefined || name === '') {
    throw refused('DeploymentGroupNameRequired', 'Deployment group name must be specified');
  }
  if (!namePattern.test(name))
    throw refused('InvalidDeploymentGroupName', `Deployment group name '${name}' is invalid`);
  return name;
}

/** Checks a deployment configuration's name. */
export function configName(name: string | undefined): string {
  if (name === undefined || name === '') {
    throw refused('DeploymentConfigNameRequired', 'Deployment configuration name must be specified');
  }
  if (!namePattern.test(name)) {
    throw refused('InvalidDeploymentConfigName', `Deployment configuration name '${name}' is invalid`);
  }
  return name;
}

/** The caller's application of that name. */
export function findApplication(reader: Reader, scope: Scoped, name: string | undefined): Application {
  const found = reader.get(applications, namedKey(scope, applicationName(name)));
  if (found === undefined) throw refused('ApplicationDoesNotExist', `No application found for name: ${name}`);
  return found;
}

/** An application's deployment group of that name. */
export function findGroup(reader: Reader, application: Application, name: string | undefined): DeploymentGroup {
  const found = reader.get(deploymentGroups, groupKey(application.id, groupName(name)));
  if (found === undefined) throw refused('DeploymentGroupDoesNotExist', `No Deployment Group found for name: ${name}`);
  return found;
}

/** How a deployment configuration routes traffic; a predefined one, or one of the caller's. */
export function findRouting(reader: Reader, scope: Scoped, name: string | undefined): TrafficRouting {
  const routing =
    predefinedRoutings[configName(name)] ?? reader.get(deploymentConfigs, namedKey(scope, name ?? ''))?.routing;
  if (routing === undefined) {
    throw refused('DeploymentConfigDoesNotExist', `No Deployment Configuration found for name: ${name}`);
  }
  return routing;
}

/** The caller's deployment of an id. */
export function findDeployment(reader: Reader, scope: Scoped, id: string | undefined): CodeDeployment {
  if (id === undefined || id === '') throw refused('DeploymentIdRequired', 'The deployment ID must be specified');
  if (!/^d-[A-Z0-9]{9}$/.test(id)) throw refused('InvalidDeploymentId', `The deployment ID ${id} is invalid`);
  const found = reader.get(codeDeployments, id);
  if (found === undefined || scopeOf(found) !== scopeOf(scope)) {
    throw refused('DeploymentDoesNotExist', `The deployment ${id} could not be found`);
  }
  return found;
}
