import { createHash } from 'node:crypto';
import type { Architecture } from './instance-types.ts';

/** An Amazon machine image: what instances are started from. */
export interface Image {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** Whether it runs the ECS agent. */
  readonly ecsOptimized: boolean;
  readonly ownerId: string;
  readonly ownerAlias: 'amazon';
  readonly createdAt: string;
  readonly rootDeviceName: string;
  /** What PUT responses of the metadata service may pass by default. */
  readonly hopLimit: 1 | 2;
  readonly httpTokens: 'optional' | 'required';
  readonly architecture: Architecture;
}

/** The version of the ECS agent that ECS-optimized images have, and of its engine. */
export const agentVersion = '1.105.1';
export const agentHash = 'a8b3e7d3';

const version = '20250610';
const createdAt = '2025-06-12T00:00:00.000Z';

const kinds = [
  {
    parameter: 'amazon-linux-2',
    name: `amzn2-ami-ecs-hvm-2.0.${version}-x86_64-ebs`,
    description: `Amazon Linux AMI 2.0.${version} x86_64 ECS HVM GP2`,
    osName: 'Amazon Linux 2',
    hopLimit: 1,
    httpTokens: 'optional',
    architecture: 'x86_64',
  },
  {
    parameter: 'amazon-linux-2023',
    name: `al2023-ami-ecs-hvm-2023.0.${version}-kernel-6.1-x86_64`,
    description: `Amazon Linux AMI 2023.0.${version} x86_64 ECS HVM EBS`,
    osName: 'Amazon Linux 2023',
    hopLimit: 2,
    httpTokens: 'required',
    architecture: 'x86_64',
  },
  {
    parameter: 'amazon-linux-2/arm64',
    name: `amzn2-ami-ecs-hvm-2.0.${version}-arm64-ebs`,
    description: `Amazon Linux AMI 2.0.${version} arm64 ECS HVM GP2`,
    osName: 'Amazon Linux 2',
    hopLimit: 1,
    httpTokens: 'optional',
    architecture: 'arm64',
  },
  {
    parameter: 'amazon-linux-2023/arm64',
    name: `al2023-ami-ecs-hvm-2023.0.${version}-kernel-6.1-arm64`,
    description: `Amazon Linux AMI 2023.0.${version} arm64 ECS HVM EBS`,
    osName: 'Amazon Linux 2023',
    hopLimit: 2,
    httpTokens: 'required',
    architecture: 'arm64',
  },
] as const;

function idOf(region: string, name: string): string {
  return `ami-0${createHash('sha256').update(`${region} ${name}`).digest('hex').slice(0, 16)}`;
}

function image(region: string, kind: (typeof kinds)[number], ecsOptimized: boolean): Image {
  const name = ecsOptimized ? kind.name : kind.name.replace('-ecs-', '-');
  return {
    id: idOf(region, name),
    name,
    description: ecsOptimized ? kind.description : kind.description.replace(' ECS', ''),
    ecsOptimized,
    ownerId: ecsOptimized ? '591542846629' : '137112412989',
    ownerAlias: 'amazon',
    createdAt,
    rootDeviceName: '/dev/xvda',
    hopLimit: kind.hopLimit,
    httpTokens: kind.httpTokens,
    architecture: kind.architecture,
  };
}

/** The images of a region: Amazon Linux 2 and 2023 for both architectures, each with the ECS agent and without. Their ids are always the same. */
export function imagesOf(region: string): Image[] {
  return kinds.flatMap((kind) => [image(region, kind, true), image(region, kind, false)]);
}

/** What an instance runs: what its image was made for. */
export function architectureOf({
  region,
  imageId,
}: {
  readonly region: string;
  readonly imageId: string;
}): Architecture {
  return imagesOf(region).find(({ id }) => id === imageId)?.architecture ?? 'x86_64';
}

/**
 * The public parameters that name the ECS-optimized images of a region, as Parameter Store has them ("Retrieving Amazon ECS-optimized Linux
 * AMI metadata"): by kind the recommended image as JSON, and its `image_id` and `image_name`.
 */
export function ecsOptimizedParameters(region: string): Record<string, string> {
  return Object.fromEntries(
    kinds.flatMap((kind) => {
      const { id, name } = image(region, kind, true);
      const root = `/aws/service/ecs/optimized-ami/${kind.parameter}/recommended`;
      const metadata = {
        ecs_agent_version: agentVersion,
        ecs_runtime_version: 'Docker version 25.0.8',
        image_id: id,
        image_name: name,
        image_version: version,
        os: kind.osName,
        schema_version: 1,
        source_image_name: name.replace('-ecs-', '-'),
      };
      return [
        [root, JSON.stringify(metadata)],
        [`${root}/image_id`, id],
        [`${root}/image_name`, name],
        [`${root}/ecs_agent_version`, agentVersion],
        [`${root}/ecs_runtime_version`, metadata.ecs_runtime_version],
      ];
    }),
  );
}
