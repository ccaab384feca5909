import { needsOf } from '../model/ecs/needs.ts';
import { isPlaceFor, reservedFor, type Candidate } from '../model/ecs/placement.ts';
import type { Service } from '../model/ecs/service.ts';
import { candidatesIn } from './container-instances.ts';
import type { Reader } from './store.ts';
import { zonesOf } from './subnet-zones.ts';
import { services, taskDefinitions, tasks } from './tables/ecs.ts';

/**
 * The instances of a cluster as `candidatesIn` has them, less what daemon services are still to have of them: their tasks come first
 * ("Daemon scheduling strategy", ECS Developer Guide: resources are reserved for daemon tasks).
 */
export function candidatesBehindDaemons(...asked: Parameters<typeof candidatesIn>): Candidate[] {
  const [reader, clusterArn, launchType] = asked;
  return reader
    .by(services, 'cluster', clusterArn)
    .filter(({ status, schedulingStrategy }) => status === 'ACTIVE' && schedulingStrategy === 'DAEMON')
    .reduce((candidates, daemon) => behind(reader, daemon, launchType, candidates), candidatesIn(...asked));
}

function behind(
  reader: Reader,
  daemon: Service,
  launchType: Parameters<typeof candidatesIn>[2],
  candidates: Candidate[],
): Candidate[] {
  const [primary] = daemon.deployments;
  const definition = primary && reader.get(taskDefinitions, primary.taskDefinitionArn);
  // One that failed for good starts no more.
  if (definition === undefined || primary?.launchType !== launchType || primary.rolloutState === 'FAILED') {
    return candidates;
  }
  const needs = needsOf(definition, {}, zonesOf(reader, primary.networkConfiguration), daemon);
  const there = new Set(
    reader
      .by(tasks, 'concern', daemon.arn)
      .flatMap((task) => (task.lastStatus === 'STOPPED' ? [] : (task.containerInstanceArn ?? []))),
  );
  return candidates.map((candidate) => {
    const { arn, resources } = candidate.instance;
    // An instance that is too small for it even when empty never gets one.
    const fits = needs.cpu <= resources.cpu && needs.memory <= resources.memory;
    return fits && !there.has(arn) && isPlaceFor(needs, candidate) ? reservedFor(candidate, needs) : candidate;
  });
}
