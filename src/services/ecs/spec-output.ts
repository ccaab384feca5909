import type { NetworkConfiguration } from '@aws-sdk/client-ecs';
import { given } from '../../base/given.ts';
import type { DeploymentSpec } from '../../model/ecs/service.ts';

/** The launch type or strategy of what is to run, and its platform. */
export function launchOf(spec: DeploymentSpec) {
  return {
    ...(spec.capacityProviderStrategy === undefined
      ? given('launchType', spec.launchType)
      : { capacityProviderStrategy: [...spec.capacityProviderStrategy] }),
    ...given('platformFamily', spec.platformFamily),
  };
}

/** The network of its tasks; left out when unset: Terraform's provider panics on an empty object. */
export function networkOf(spec: DeploymentSpec | undefined): { networkConfiguration?: NetworkConfiguration } {
  const network = spec?.networkConfiguration;
  if (network === undefined) return {};
  const { subnets, securityGroups, assignPublicIp } = network;
  return {
    networkConfiguration: {
      awsvpcConfiguration: { subnets: [...subnets], securityGroups: [...securityGroups], assignPublicIp },
    },
  };
}
