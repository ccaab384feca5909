import type { Action, Listener as ListenerOutput } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Ctx } from '../../aws/handlers.ts';
import { AwsError } from '../../base/errors.ts';
import { attributesOfListener } from '../../model/elbv2/attributes-of.ts';
import type { Listener, LoadBalancer } from '../../model/elbv2/load-balancing.ts';
import type { Reader, Transaction } from '../../store/store.ts';
import { listeners, loadBalancers, rules } from '../../store/tables/elbv2.ts';
import type { ServiceDeps } from '../deps.ts';
import { readActions } from './action-rules.ts';
import { changeAttributes, describeAttributes } from './attributes.ts';
import { checkRange, elbErrors } from './errors.ts';
import { findListener, findLoadBalancer, rulesOf } from './find.ts';
import { checkForwarding } from './forwarding-rules.ts';
import type { ElbHandlers } from './handler-types.ts';
import { limits } from './limits.ts';
import { checkListenerProtocol, readNetworkActions } from './network-listener-rules.ts';
import { page } from './paging.ts';
import { readTags } from './tag-rules.ts';
import { describeTls, readTls } from './tls-rules.ts';

/** The operations on listeners; a listener's default actions are those of its default rule. */
export function listenerHandlers({ store, ids }: ServiceDeps) {
  return {
    CreateListener(input, ctx) {
      if (input.Port === undefined) throw elbErrors.validation('A listener port must be specified');
      const port = checkRange(input.Port, 'port', 1, 65_535);
      const tags = readTags(input.Tags);
      return store.transact((tx) => {
        const loadBalancer = findLoadBalancer(tx, ctx, input.LoadBalancerArn);
        const protocol = checkListenerProtocol(loadBalancer, input.Protocol);
        checkPortFree(tx, loadBalancer, port);
        const most = limits[`listeners-per-${loadBalancer.type}-load-balancer`];
        if (tx.by(listeners, 'loadBalancer', loadBalancer.arn).length >= most) {
          throw new AwsError('TooManyListeners', 'The quota of listeners for this load balancer has been reached');
        }
        const actions = readListenerActions(tx, loadBalancer, protocol, input.DefaultActions);
        const scope = { account: ctx.account, region: ctx.region };
        const arn = `${loadBalancer.arn.replace(':loadbalancer/', ':listener/')}/${ids.hex(16)}`;
        const row: Listener = {
          ...scope,
          arn,
          loadBalancerArn: loadBalancer.arn,
          protocol,
          port,
          ...readTls(tx, ctx, input, protocol),
          attributes: {},
          tags,
        };
        tx.put(listeners, row);
        tx.put(rules, {
          ...scope,
          arn: ruleArn(arn, ids.hex(16)),
          listenerArn: arn,
          priority: 'default',
          conditions: [],
          actions,
          tags: [],
        });
        checkForwarding(tx, loadBalancer);
        return { Listeners: [describe(tx, row)] };
      });
    },

    DescribeListeners(input, ctx) {
      const { LoadBalancerArn, ListenerArns } = input;
      if ((LoadBalancerArn === undefined) === (ListenerArns === undefined || ListenerArns.length === 0)) {
        throw elbErrors.validation('You must specify either listener ARNs or a load balancer ARN');
      }
      const found =
        LoadBalancerArn === undefined
          ? (ListenerArns ?? []).map((arn) => findListener(store, ctx, arn))
          : store.by(listeners, 'loadBalancer', findLoadBalancer(store, ctx, LoadBalancerArn).arn);
      const { items, next } = page(found, (row) => row.arn, input);
      return { Listeners: items.map((row) => describe(store, row)), ...next };
    },

    ModifyListener(input, ctx) {
      return store.transact((tx) => {
        const before = findListener(tx, ctx, input.ListenerArn);
        const loadBalancer = tx.get(loadBalancers, before.loadBalancerArn);
        if (loadBalancer === undefined) throw elbErrors.listenerNotFound();
        const protocol = checkListenerProtocol(loadBalancer, input.Protocol ?? before.protocol);
        const port = checkRange(input.Port ?? before.port, 'port', 1, 65_535);
        if (port !== before.port) checkPortFree(tx, loadBalancer, port);
        const { sslPolicy: _policy, alpnPolicy: _alpn, ...kept } = before;
        const row = { ...kept, protocol, port, ...readTls(tx, ctx, input, protocol, before) };
        tx.put(listeners, row);
        const rule = rulesOf(tx, before.arn).at(-1);
        // Those of before must also suit another protocol.
        if (rule !== undefined && (input.DefaultActions !== undefined || protocol !== before.protocol)) {
          const actions = readListenerActions(tx, loadBalancer, protocol, input.DefaultActions ?? rule.actions);
          tx.put(rules, { ...rule, actions });
          checkForwarding(tx, loadBalancer);
        }
        return { Listeners: [describe(tx, row)] };
      });
    },

    DeleteListener(input, ctx) {
      return store.transact((tx) => {
        const { arn } = findListener(tx, ctx, input.ListenerArn);
        for (const rule of tx.by(rules, 'listener', arn)) tx.delete(rules, rule.arn);
        tx.delete(listeners, arn);
        return {};
      });
    },

    DescribeListenerAttributes(input, ctx) {
      const row = findListener(store, ctx, input.ListenerArn);
      return { Attributes: describeAttributes(attributesOfListener(row), row.attributes) };
    },

    ModifyListenerAttributes: (input, ctx) =>
      store.transact((tx) => {
        const before = findListener(tx, ctx, input.ListenerArn);
        const known = attributesOfListener(before);
        const attributes = changeAttributes(known, before.attributes, input.Attributes ?? [], 'Listener');
        tx.put(listeners, { ...before, attributes });
        return { Attributes: describeAttributes(known, attributes) };
      }),
  } satisfies ElbHandlers;
}

/** The ARN of a rule of a listener. */
export function ruleArn(listenerArn: string, id: string): string {
  return `${listenerArn.replace(':listener/', ':listener-rule/')}/${id}`;
}

function readListenerActions(
  tx: Transaction,
  loadBalancer: LoadBalancer,
  protocol: Listener['protocol'],
  actions: readonly Action[] | undefined,
): Action[] {
  return loadBalancer.type === 'network'
    ? readNetworkActions(tx, loadBalancer, protocol, actions)
    : readActions(tx, loadBalancer, actions);
}

function checkPortFree(tx: Transaction, loadBalancer: LoadBalancer, port: number): void {
  if (tx.by(listeners, 'loadBalancer', loadBalancer.arn).some((row) => row.port === port)) {
    throw new AwsError('DuplicateListener', 'A listener already exists on this port for this load balancer');
  }
}

function describe(reader: Reader, row: Listener): ListenerOutput {
  return {
    ListenerArn: row.arn,
    LoadBalancerArn: row.loadBalancerArn,
    Port: row.port,
    Protocol: row.protocol,
    ...describeTls(row),
    DefaultActions: [...(rulesOf(reader, row.arn).at(-1)?.actions ?? [])],
  };
}

/** The load balancer that a listener belongs to. */
export function loadBalancerOf(reader: Reader, ctx: Pick<Ctx, 'account' | 'region'>, listener: Listener): LoadBalancer {
  return findLoadBalancer(reader, ctx, listener.loadBalancerArn);
}
