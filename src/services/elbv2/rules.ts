import type { Rule as RuleOutput } from '@aws-sdk/client-elastic-load-balancing-v2';
import { AwsError } from '../../base/errors.ts';
import type { Rule } from '../../model/elbv2/load-balancing.ts';
import type { Reader } from '../../store/store.ts';
import { listeners, rules } from '../../store/tables/elbv2.ts';
import type { ServiceDeps } from '../deps.ts';
import { readActions } from './action-rules.ts';
import { readConditions } from './condition-rules.ts';
import { checkRange, elbErrors } from './errors.ts';
import { findListener, findRule, rulesOf } from './find.ts';
import { checkForwarding } from './forwarding-rules.ts';
import type { ElbHandlers } from './handler-types.ts';
import { limits } from './limits.ts';
import { loadBalancerOf, ruleArn } from './listeners.ts';
import { page } from './paging.ts';
import { readTags } from './tag-rules.ts';
import { readTransforms } from './transform-rules.ts';

/** The operations on listener rules. */
export function ruleHandlers({ store, ids }: ServiceDeps) {
  return {
    CreateRule(input, ctx) {
      const transforms = readTransforms(input.Transforms);
      if (input.Priority === undefined) throw elbErrors.validation('A priority must be specified');
      const priority = checkRange(input.Priority, 'priority', 1, 50_000);
      const conditions = readConditions(input.Conditions);
      const tags = readTags(input.Tags);
      return store.transact((tx) => {
        const listener = findListener(tx, ctx, input.ListenerArn);
        const loadBalancer = loadBalancerOf(tx, ctx, listener);
        if (loadBalancer.type === 'network') {
          throw elbErrors.notPermitted('Rules are unsupported for Network Load Balancer listeners');
        }
        checkPriority(tx, listener.arn, priority);
        const count = tx
          .by(listeners, 'loadBalancer', loadBalancer.arn)
          .reduce((sum, each) => sum + tx.by(rules, 'listener', each.arn).length - 1, 0);
        if (count >= limits['rules-per-application-load-balancer']) {
          throw new AwsError('TooManyRules', 'The quota of rules for this load balancer has been reached');
        }
        const row: Rule = {
          account: ctx.account,
          region: ctx.region,
          arn: ruleArn(listener.arn, ids.hex(16)),
          listenerArn: listener.arn,
          priority,
          conditions,
          actions: readActions(tx, loadBalancer, input.Actions),
          ...(transforms.length === 0 ? {} : { transforms }),
          tags,
        };
        tx.put(rules, row);
        checkForwarding(tx, loadBalancer);
        return { Rules: [describe(row)] };
      });
    },

    DescribeRules(input, ctx) {
      const { ListenerArn, RuleArns } = input;
      if ((ListenerArn === undefined) === (RuleArns === undefined || RuleArns.length === 0)) {
        throw elbErrors.validation('You must specify either listener rule ARNs or a listener ARN');
      }
      const found =
        ListenerArn === undefined
          ? (RuleArns ?? []).map((arn) => findRule(store, ctx, arn))
          : rulesOf(store, findListener(store, ctx, ListenerArn).arn);
      const { items, next } = page(found, (row) => row.arn, input);
      return { Rules: items.map(describe), ...next };
    },

    ModifyRule(input, ctx) {
      const transforms = input.ResetTransforms === true ? [] : input.Transforms && readTransforms(input.Transforms);
      if (input.ResetTransforms === true && input.Transforms !== undefined) {
        throw elbErrors.validation('Transforms and ResetTransforms cannot be specified at the same time');
      }
      return store.transact((tx) => {
        const before = findRule(tx, ctx, input.RuleArn);
        if (before.priority === 'default') throw defaultRule(before, 'modified');
        const listener = findListener(tx, ctx, before.listenerArn);
        const loadBalancer = loadBalancerOf(tx, ctx, listener);
        const { transforms: had, ...kept } = before;
        const wanted = transforms ?? had ?? [];
        const row: Rule = {
          ...kept,
          ...(wanted.length === 0 ? {} : { transforms: wanted }),
          ...(input.Conditions === undefined ? {} : { conditions: readConditions(input.Conditions) }),
          ...(input.Actions === undefined
            ? {}
            : {
                actions: readActions(tx, loadBalancer, input.Actions),
              }),
        };
        tx.put(rules, row);
        checkForwarding(tx, loadBalancer);
        return { Rules: [describe(row)] };
      });
    },

    DeleteRule(input, ctx) {
      return store.transact((tx) => {
        const row = findRule(tx, ctx, input.RuleArn);
        if (row.priority === 'default') throw defaultRule(row, 'deleted');
        tx.delete(rules, row.arn);
        return {};
      });
    },

    SetRulePriorities(input, ctx) {
      return store.transact((tx) => {
        const changed = (input.RulePriorities ?? []).map(({ RuleArn, Priority }) => {
          const row = findRule(tx, ctx, RuleArn);
          if (row.priority === 'default') throw defaultRule(row, 'given a priority');
          if (Priority === undefined) throw elbErrors.validation('A priority must be specified');
          return { ...row, priority: checkRange(Priority, 'priority', 1, 50_000) };
        });
        for (const row of changed) tx.put(rules, row);
        // Judged when all are in place: rules may change places with each other.
        for (const row of changed) {
          const same = tx.by(rules, 'listener', row.listenerArn).filter((each) => each.priority === row.priority);
          if (same.length > 1) throw priorityInUse(row.priority);
        }
        return { Rules: changed.map(describe) };
      });
    },
  } satisfies ElbHandlers;
}

function checkPriority(reader: Reader, listenerArn: string, priority: number): void {
  if (reader.by(rules, 'listener', listenerArn).some((row) => row.priority === priority)) throw priorityInUse(priority);
}

function priorityInUse(priority: Rule['priority']): AwsError {
  return new AwsError('PriorityInUse', `Priority '${priority}' is currently in use`);
}

function defaultRule({ arn }: Rule, how: string): AwsError {
  return elbErrors.notPermitted(`Default rule '${arn}' cannot be ${how}`);
}

function describe(row: Rule): RuleOutput {
  return {
    RuleArn: row.arn,
    Priority: String(row.priority),
    Conditions: [...row.conditions],
    Actions: [...row.actions],
    Transforms: [...(row.transforms ?? [])],
    IsDefault: row.priority === 'default',
  };
}
