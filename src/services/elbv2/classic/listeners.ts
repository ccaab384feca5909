import type { Listener as ListenerInput, ListenerDescription } from '@aws-sdk/client-elastic-load-balancing';
import type { Ctx } from '../../../aws/handlers.ts';
import { AwsError } from '../../../base/errors.ts';
import type { Ids } from '../../../base/ids.ts';
import { defaultSslPolicy } from '../../../model/elbv2/ssl-policies.ts';
import type { Reader, Transaction } from '../../../store/store.ts';
import { listeners, loadBalancers, rules } from '../../../store/tables/elbv2.ts';
import type { ServiceDeps } from '../../deps.ts';
import { elbErrors } from '../errors.ts';
import { findClassic, findListenerOn, listenersOf, type Classic, type ClassicListener } from './find.ts';
import type { ClassicHandlers } from './handler-types.ts';
import { apiProtocol, checkCertificate, isSecure, readListener, type WantedListener } from './listener-rules.ts';
import { predefinedPolicy } from './policy-rules.ts';

/** The most listeners of one load balancer ("Quotas for your Classic Load Balancer"). */
export const mostListeners = 100;

/** The operations on listeners ("Listeners for your Classic Load Balancer", ELB User Guide). */
export function classicListenerHandlers({ store, ids }: ServiceDeps) {
  return {
    CreateLoadBalancerListeners(input, ctx) {
      return store.transact((tx) => {
        addListeners(tx, ctx, ids, findClassic(tx, ctx, input.LoadBalancerName), input.Listeners ?? []);
        return {};
      });
    },

    DeleteLoadBalancerListeners(input, ctx) {
      return store.transact((tx) => {
        const balancer = findClassic(tx, ctx, input.LoadBalancerName);
        const ports = new Set(input.LoadBalancerPorts);
        for (const row of listenersOf(tx, balancer)) if (ports.has(row.port)) removeListener(tx, row);
        forgetPorts(tx, balancer);
        return {};
      });
    },

    SetLoadBalancerListenerSSLCertificate(input, ctx) {
      return store.transact((tx) => {
        const row = findListenerOn(tx, findClassic(tx, ctx, input.LoadBalancerName), input.LoadBalancerPort);
        if (row.sslPolicy === undefined) {
          throw elbErrors.configuration(`The listener on port ${row.port} does not use a secure protocol`);
        }
        const certificateArn = checkCertificate(tx, ctx, input.SSLCertificateId);
        tx.put(listeners, { ...row, certificates: [{ certificateArn, isDefault: true }] });
        return {};
      });
    },
  } satisfies ClassicHandlers;
}

/** Adds listeners to a load balancer; one that is there already as it is asked for is left alone. */
export function addListeners(
  tx: Transaction,
  ctx: Ctx,
  ids: Ids,
  balancer: Classic,
  inputs: readonly ListenerInput[],
): void {
  if (inputs.length === 0) throw elbErrors.validation('Listeners cannot be empty');
  for (const input of inputs) {
    const wanted = readListener(tx, ctx, input);
    const there = listenersOf(tx, balancer);
    const same = there.find((row) => row.port === wanted.port);
    if (same !== undefined) {
      if (isAsWanted(same, wanted)) continue;
      throw new AwsError(
        'DuplicateListener',
        `A listener already exists for ${balancer.name} with LoadBalancerPort ${wanted.port}, but with a different InstancePort, Protocol, or SSLCertificateId`,
      );
    }
    if (there.length >= mostListeners) {
      throw elbErrors.configuration(`A load balancer can have at most ${mostListeners} listeners`);
    }
    checkSecurity(there, wanted);
    addListener(tx, ids, balancer, wanted);
  }
}

/** "If there is another listener with the same InstancePort whose InstanceProtocol is secure, the listener's must also be", and the reverse. */
function checkSecurity(there: readonly ClassicListener[], { instancePort, instanceProtocol }: WantedListener): void {
  const other = there.find(({ classic }) => classic.instancePort === instancePort)?.classic.instanceProtocol;
  if (other === undefined || isSecure(other) === isSecure(instanceProtocol)) return;
  throw elbErrors.configuration(
    `The instance protocol of all listeners with instance port ${instancePort} must be secure, or none`,
  );
}

/** Whether a listener is as it is asked for. */
export function isAsWanted(
  { protocol, classic, certificates: [own] }: ClassicListener,
  wanted: WantedListener,
): boolean {
  return (
    protocol === wanted.protocol &&
    classic.instanceProtocol === wanted.instanceProtocol &&
    classic.instancePort === wanted.instancePort &&
    own?.certificateArn === wanted.certificateArn
  );
}

function addListener(tx: Transaction, ids: Ids, balancer: Classic, wanted: WantedListener): void {
  const { account, region, arn: loadBalancerArn } = balancer;
  const { protocol, port, instanceProtocol, instancePort, certificateArn } = wanted;
  const arn = `${loadBalancerArn}/listener/${port}`;
  tx.put(listeners, {
    account,
    region,
    arn,
    loadBalancerArn,
    protocol,
    port,
    classic: { instanceProtocol, instancePort, policies: certificateArn === undefined ? [] : [defaultSslPolicy] },
    ...(certificateArn === undefined ? {} : { sslPolicy: defaultSslPolicy }),
    certificates: certificateArn === undefined ? [] : [{ certificateArn, isDefault: true }],
    attributes: {},
    tags: [],
  });
  tx.put(rules, {
    account,
    region,
    arn: `${arn}/${ids.hex(16)}`,
    listenerArn: arn,
    priority: 'default',
    conditions: [],
    actions: [{ Type: 'forward', TargetGroupArn: balancer.classic.groupArn }],
    tags: [],
  });
  if (certificateArn !== undefined) addDefaultPolicy(tx, loadBalancerArn);
}

/** What a secure listener negotiates that names nothing is a policy of its load balancer, as any other. */
function addDefaultPolicy(tx: Transaction, loadBalancerArn: string): void {
  tx.update(loadBalancers, loadBalancerArn, (row) => {
    const { classic } = row;
    if (classic === undefined || classic.policies.some(({ name }) => name === defaultSslPolicy)) return row;
    return { ...row, classic: { ...classic, policies: [...classic.policies, predefinedPolicy(defaultSslPolicy)] } };
  });
}

/** Removes a listener and its rule. */
export function removeListener(tx: Transaction, { arn }: ClassicListener): void {
  for (const rule of tx.by(rules, 'listener', arn)) tx.delete(rules, rule.arn);
  tx.delete(listeners, arn);
}

/** The policies of instance ports that no listener goes on to any more go with the last one that did. */
function forgetPorts(tx: Transaction, balancer: Classic): void {
  const ports = new Set(listenersOf(tx, balancer).map(({ classic }) => String(classic.instancePort)));
  const { backendPolicies } = balancer.classic;
  const kept = Object.fromEntries(Object.entries(backendPolicies).filter(([port]) => ports.has(port)));
  if (Object.keys(kept).length === Object.keys(backendPolicies).length) return;
  tx.put(loadBalancers, { ...balancer, classic: { ...balancer.classic, backendPolicies: kept } });
}

/** The listeners of a load balancer as the API has them. */
export function describeListeners(reader: Reader, balancer: Classic): ListenerDescription[] {
  return listenersOf(reader, balancer).map(({ protocol, port, classic, certificates }) => ({
    Listener: {
      Protocol: apiProtocol(protocol),
      LoadBalancerPort: port,
      InstanceProtocol: apiProtocol(classic.instanceProtocol),
      InstancePort: classic.instancePort,
      ...(certificates[0] === undefined ? {} : { SSLCertificateId: certificates[0].certificateArn }),
    },
    PolicyNames: [...classic.policies],
  }));
}
