import type { Table } from '../store/table.ts';
import * as acm from '../store/tables/acm.ts';
import * as autoscaling from '../store/tables/autoscaling.ts';
import * as cloudwatch from '../store/tables/cloudwatch.ts';
import * as codedeploy from '../store/tables/codedeploy.ts';
import * as ec2 from '../store/tables/ec2.ts';
import * as ecr from '../store/tables/ecr.ts';
import * as ecs from '../store/tables/ecs.ts';
import * as elbv2 from '../store/tables/elbv2.ts';
import * as fleet from '../store/tables/fleet.ts';
import * as iam from '../store/tables/iam.ts';
import * as kms from '../store/tables/kms.ts';
import * as logs from '../store/tables/logs.ts';
import * as s3 from '../store/tables/s3.ts';
import * as sessions from '../store/tables/sessions.ts';
import * as secretsmanager from '../store/tables/secretsmanager.ts';
import * as ssm from '../store/tables/ssm.ts';

const isTable = (value: unknown): value is Table<never> =>
  typeof value === 'object' && value !== null && 'name' in value && 'key' in value && 'indexes' in value;

/** Every table of the store: whatever the files of `src/store/tables` declare. */
export const allTables: readonly Table<never>[] = [
  acm,
  autoscaling,
  cloudwatch,
  codedeploy,
  ec2,
  ecr,
  ecs,
  elbv2,
  fleet,
  iam,
  kms,
  logs,
  s3,
  sessions,
  secretsmanager,
  ssm,
].flatMap((module) => Object.values(module as Record<string, unknown>).filter(isTable));
