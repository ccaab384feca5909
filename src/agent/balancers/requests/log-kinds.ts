import { parseAccessLine } from '../../../drivers/balancer/access-line.ts';
import type { BalancerSpec } from '../../../wire/balancer-spec.ts';
import { accessLogEntry } from './access-log.ts';
import { classicLogEntry } from './classic.ts';
import { connectionLogEntry } from './connection-log.ts';
import { networkLogEntry } from './network-log.ts';

/** A kind of log that a load balancer delivers to S3. */
export interface LogKind {
  /** By which is known how far it was taken. */
  readonly name: 'log' | 'connection-log';
  /** What its attributes begin with. */
  readonly attributes: 'access_logs.s3' | 'connection_logs.s3';
  /** The file with which a bucket is tried, and what that says. */
  readonly testFile: string;
  readonly testText: string;
  /** What the names of its files begin with. */
  readonly begin: string;
  /** Whether its files are not compressed. */
  readonly isPlain?: true;
  /** The entry that a noted line makes; `undefined` where it makes none. */
  readonly entry: (spec: BalancerSpec, line: string) => string | undefined;
}

const accessLog: LogKind = {
  name: 'log',
  attributes: 'access_logs.s3',
  testFile: 'ELBAccessLogTestFile',
  testText: 'Enable AccessLog for ELB',
  begin: '',
  entry: (spec, text) => {
    const line = parseAccessLine(text);
    return line && accessLogEntry(spec, line);
  },
};

const connectionLog: LogKind = {
  name: 'connection-log',
  attributes: 'connection_logs.s3',
  testFile: 'ELBConnectionLogTestFile',
  testText: 'Enable ConnectionLog for ELB',
  begin: 'conn_log.',
  entry: connectionLogEntry,
};

/** The logs that a load balancer of a type has. */
export const logKinds: Readonly<Record<BalancerSpec['type'], readonly LogKind[]>> = {
  application: [accessLog, connectionLog],
  network: [{ ...accessLog, entry: networkLogEntry }],
  classic: [
    {
      ...accessLog,
      isPlain: true,
      entry: (spec, text) => {
        const line = parseAccessLine(text);
        return line && classicLogEntry(spec, line);
      },
    },
  ],
};

/** Whether a log is switched on, and where it goes. */
export function logPlaceOf(
  { attributes }: BalancerSpec,
  kind: LogKind,
): { readonly bucket: string; readonly prefix: string } | undefined {
  if (attributes[`${kind.attributes}.enabled`] !== 'true') return undefined;
  return {
    bucket: attributes[`${kind.attributes}.bucket`] ?? '',
    prefix: attributes[`${kind.attributes}.prefix`] ?? '',
  };
}
