import { describe, expect, it } from 'vitest';
import { World } from '../../test/simulation/world.ts';
import {
  internetGateways,
  natGateways,
  networkInterfaces,
  routeTables,
  securityGroupRules,
  vpcs,
} from '../store/tables/ec2.ts';
import { loadBalancers } from '../store/tables/elbv2.ts';
import { translateVpc } from './translate-vpc.ts';

const scope = { account: '000000000000', region: 'us-east-1', tags: [] };
const rule = { ...scope, groupId: 'sg-1', protocol: 'tcp', fromPort: 80, toPort: 80 };

describe('translateVpc', () => {
  it('names public addresses where the VPC is to have DNS hostnames', async () => {
    const world = await World.begin();
    const { arn } = world.runTask('ok');
    await world.until(() => world.task(arn).lastStatus === 'RUNNING');
    const withNames = (enableDnsHostnames: boolean) => {
      world.store.transact((tx) => {
        const [task] = tx.by(networkInterfaces, 'vpc', 'vpc-1');
        if (task !== undefined) tx.put(networkInterfaces, { ...task, privateIp: '10.0.0.9', publicIp: '100.127.0.9' });
        tx.update(vpcs, 'vpc-1', (vpc) => ({ ...vpc, enableDnsHostnames }));
      });
      return translateVpc(world.store, 'vpc-1')?.hosts;
    };
    const name = 'ec2-100-127-0-9.compute-1.amazonaws.com';
    expect(withNames(true)).toMatchObject({ [name]: ['10.0.0.9'] });
    expect(withNames(false)).not.toHaveProperty([name]);
  });

  it('says everything of a VPC', async () => {
    const world = await World.begin();
    const { arn } = world.runTask('ok');
    await world.until(() => world.task(arn).lastStatus === 'RUNNING');
    const balancer = world.store.list(loadBalancers)[0];
    if (balancer === undefined) throw new Error('no balancer');
    world.store.transact((tx) => {
      tx.put(internetGateways, { ...scope, id: 'igw-1', vpcId: 'vpc-1' });
      const main = { id: 'a-1', main: true };
      tx.put(routeTables, { ...scope, id: 'rtb-main', vpcId: 'vpc-1', associations: [main], routes: [] });
      tx.put(routeTables, {
        ...scope,
        id: 'rtb-b',
        vpcId: 'vpc-1',
        associations: [{ id: 'a-2', main: false, subnetId: 'subnet-b' }],
        routes: [
          {
            destinationCidr: '0.0.0.0/0',
            target: { kind: 'internet-gateway', id: 'igw-1' },
            origin: 'CreateRoute',
          },
          {
            destinationCidr: '192.0.2.0/24',
            target: { kind: 'internet-gateway', id: 'igw-gone' },
            origin: 'CreateRoute',
          },
          { destinationCidr: '198.51.100.0/24', target: { kind: 'nat-gateway', id: 'nat-1' }, origin: 'CreateRoute' },
        ],
      });
      tx.put(securityGroupRules, { ...rule, id: 'r-1', direction: 'ingress', cidrIpv4: '10.0.0.0/8' });
      tx.put(securityGroupRules, { ...rule, id: 'r-2', direction: 'ingress', referencedGroupId: 'sg-1' });
      tx.put(securityGroupRules, { ...rule, id: 'r-3', direction: 'egress', cidrIpv6: '::/0' });
      const [task] = tx.list(networkInterfaces);
      if (task === undefined) throw new Error('no interface');
      const ownedByBalancer = { kind: 'load-balancer', arn: balancer.arn } as const;
      tx.put(networkInterfaces, { ...task, id: 'eni-lb', privateIp: '10.0.0.200', owner: ownedByBalancer });
      for (const [id, state] of [
        ['nat-1', 'available'],
        ['nat-2', 'deleting'],
      ] as const) {
        const privateIp = id === 'nat-1' ? '10.0.0.202' : '10.0.0.203';
        const nat = { ...scope, id, state, privateIp, publicIp: '100.127.0.7', allocationId: 'eipalloc-1' };
        const place = { vpcId: 'vpc-1', subnetId: 'subnet-a', networkInterfaceId: `eni-${id}`, createdAt: 0 };
        tx.put(natGateways, { ...nat, ...place });
        const owner = { kind: 'nat-gateway', id } as const;
        const { groups: _groups, ...bare } = task;
        tx.put(networkInterfaces, { ...bare, id: `eni-${id}`, privateIp, publicIp: '100.127.0.7', groups: [], owner });
      }
      tx.put(networkInterfaces, { ...task, id: 'eni-user', privateIp: '10.0.0.201', owner: { kind: 'user' } });
    });
    const { networkInterface: own } = world.task(arn);
    expect(translateVpc(world.store, 'vpc-1')).toEqual({
      vpcId: 'vpc-1',
      cidr: '10.0.0.0/16',
      subnets: [
        {
          subnetId: 'subnet-a',
          cidr: '10.0.0.0/24',
          gateway: '10.0.0.1',
          routeTableId: 'rtb-main',
          availabilityZone: 'us-east-1a',
        },
        {
          subnetId: 'subnet-b',
          cidr: '10.0.1.0/24',
          gateway: '10.0.1.1',
          routeTableId: 'rtb-b',
          availabilityZone: 'us-east-1b',
        },
      ],
      routeTables: [
        { routeTableId: 'rtb-main', routes: [] },
        {
          routeTableId: 'rtb-b',
          routes: [
            { destinationCidr: '0.0.0.0/0', target: { kind: 'internet-gateway' } },
            { destinationCidr: '192.0.2.0/24', target: { kind: 'blackhole' } },
            { destinationCidr: '198.51.100.0/24', target: { kind: 'nat-gateway', id: 'nat-1' } },
          ],
        },
      ],
      internetGateway: true,
      natGateways: [{ id: 'nat-1', privateIp: '10.0.0.202', publicIp: '100.127.0.7' }],
      securityGroups: [
        {
          groupId: 'sg-1',
          ingress: [
            { protocol: 'tcp', fromPort: 80, toPort: 80, peer: { cidr: '10.0.0.0/8' } },
            { protocol: 'tcp', fromPort: 80, toPort: 80, peer: { groupId: 'sg-1' } },
          ],
          egress: [],
        },
      ],
      interfaces: [
        {
          interfaceId: own?.networkInterfaceId,
          kind: 'task',
          subnetId: 'subnet-a',
          privateIp: '10.0.0.4',
          macAddress: own?.macAddress,
          groups: ['sg-1'],
        },
        {
          interfaceId: 'eni-lb',
          kind: 'router',
          subnetId: 'subnet-a',
          privateIp: '10.0.0.200',
          macAddress: own?.macAddress,
          groups: ['sg-1'],
        },
        {
          interfaceId: 'eni-nat-1',
          kind: 'router',
          subnetId: 'subnet-a',
          privateIp: '10.0.0.202',
          macAddress: own?.macAddress,
          groups: [],
          publicIp: '100.127.0.7',
        },
      ],
      hosts: {
        'internal-web-1.us-east-1.elb.stowage.internal': ['10.0.0.200'],
        'ec2-100-127-0-7.compute-1.amazonaws.com': ['10.0.0.203'],
      },
    });
  });

  it('knows internet-facing balancers of other VPCs by their public addresses, and nothing of a VPC that is gone', async () => {
    const world = await World.begin();
    world.store.transact((tx) => {
      const [vpc, balancer] = [tx.list(vpcs)[0], tx.list(loadBalancers)[0]];
      if (vpc === undefined || balancer === undefined) throw new Error('nothing there');
      tx.put(vpcs, { ...vpc, id: 'vpc-2' });
      tx.put(loadBalancers, { ...balancer, scheme: 'internet-facing', dnsName: 'Web.example' });
      tx.put(networkInterfaces, {
        ...scope,
        id: 'eni-lb',
        vpcId: 'vpc-1',
        subnetId: 'subnet-a',
        availabilityZone: 'us-east-1a',
        privateIp: '10.0.0.200',
        publicIp: '100.127.0.9',
        macAddress: '02:00:00:00:00:01',
        groups: [],
        description: '',
        interfaceType: 'interface',
        owner: { kind: 'load-balancer', arn: balancer.arn },
        status: 'in-use',
        requesterManaged: true,
        sourceDestCheck: true,
        createdAt: 0,
      });
    });
    expect(translateVpc(world.store, 'vpc-2')?.hosts).toEqual({ 'web.example': ['100.127.0.9'] });
    expect(translateVpc(world.store, 'vpc-1')?.hosts).toMatchObject({ 'web.example': ['10.0.0.200'] });
    expect(translateVpc(world.store, 'vpc-3')).toBeUndefined();
  });
});
