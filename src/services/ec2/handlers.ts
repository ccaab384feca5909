import type { ServiceDeps } from '../deps.ts';
import { addressOperations } from './addresses.ts';
import { creditSpecificationOperations } from './credit-specifications.ts';
import { dhcpOptionOperations } from './dhcp-options.ts';
import { internetGatewayOperations } from './internet-gateways.ts';
import { metadataOptionOperations } from './metadata-options.ts';
import { natGatewayOperations } from './nat-gateways.ts';
import { instanceTypeOperations } from './instance-types.ts';
import { instanceOperations } from './instances.ts';
import { keyPairOperations } from './key-pairs.ts';
import { launchTemplateOperations } from './launch-templates.ts';
import { networkAclOperations } from './network-acls.ts';
import { networkInterfaceOperations } from './network-interfaces.ts';
import { handlersOf, type Ec2Handlers } from './operation.ts';
import { routeTableOperations } from './route-tables.ts';
import { routeOperations } from './routes.ts';
import { securityGroupRuleOperations } from './security-group-rules.ts';
import { securityGroupOperations } from './security-groups.ts';
import { subnetOperations } from './subnets.ts';
import { tagOperations } from './tags.ts';
import { vpcOperations } from './vpcs.ts';
import { zoneOperations } from './zones.ts';

/** The operations of Amazon EC2 that are served: networks, and the instances in them. */
export function ec2Handlers(deps: ServiceDeps): Ec2Handlers {
  return handlersOf(deps, {
    ...zoneOperations,
    ...vpcOperations,
    ...subnetOperations,
    ...securityGroupOperations,
    ...securityGroupRuleOperations,
    ...networkInterfaceOperations,
    ...internetGatewayOperations,
    ...routeTableOperations,
    ...routeOperations,
    ...addressOperations,
    ...natGatewayOperations,
    ...networkAclOperations,
    ...dhcpOptionOperations,
    ...instanceOperations,
    ...metadataOptionOperations,
    ...creditSpecificationOperations,
    ...instanceTypeOperations,
    ...keyPairOperations,
    ...launchTemplateOperations,
    ...tagOperations,
  });
}
