import type { Application } from '../../model/codedeploy/application.ts';
import type { DeploymentGroup } from '../../model/codedeploy/deployment-group.ts';
import { isOver, type CodeDeployment } from '../../model/codedeploy/deployment.ts';
import type { DeploymentConfig } from '../../model/codedeploy/traffic-routing.ts';
import { scopeOf, type Scoped } from '../../model/tags.ts';
import { table } from '../table.ts';

/** The key of an application or a deployment configuration. */
export function namedKey(scope: Scoped, name: string): string {
  return `${scopeOf(scope)}/${name}`;
}

/** Applications, by account, region and name. */
export const applications = table<Application>()({
  name: 'codedeploy.applications',
  key: (row) => namedKey(row, row.name),
  indexes: { scope: scopeOf },
});

/** Deployment configurations that somebody made, by account, region and name; the predefined ones are no rows. */
export const deploymentConfigs = table<DeploymentConfig>()({
  name: 'codedeploy.deployment-configs',
  key: (row) => namedKey(row, row.name),
  indexes: { scope: scopeOf },
});

/** The key of a deployment group. */
export function groupKey(applicationId: string, name: string): string {
  return `${applicationId}/${name}`;
}

/** Deployment groups, by application and name. */
export const deploymentGroups = table<DeploymentGroup>()({
  name: 'codedeploy.deployment-groups',
  key: (row) => groupKey(row.applicationId, row.name),
  indexes: {
    application: (row) => row.applicationId,
    scope: scopeOf,
    config: (row) => namedKey(row, row.configName),
  },
});

/** Deployments, by id. */
export const codeDeployments = table<CodeDeployment>()({
  name: 'codedeploy.deployments',
  key: (row) => row.id,
  indexes: {
    scope: scopeOf,
    group: (row) => row.groupId,
    /** The group, and the service, of those that are not over. */
    openGroup: (row) => (isOver(row) ? undefined : row.groupId),
    openService: (row) => (isOver(row) ? undefined : row.serviceArn),
    life: (row) => (isOver(row) ? 'over' : 'open'),
  },
});
