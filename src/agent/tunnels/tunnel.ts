import type { TunnelReport } from '../../wire/tunnel.ts';

/** What a tunnel leads to, as soon as it is there. */
export interface TunnelEnd {
  /** What comes out of it; over when nothing more will. */
  readonly output: AsyncIterable<Uint8Array>;
  /** Resolves once the data was taken; never rejects. */
  write(data: Uint8Array): Promise<void>;
  /** No more data comes. */
  end(): void;
  resize(columns: number, rows: number): Promise<void>;
  /** Ends it and all that runs in it. */
  terminate(): Promise<void>;
  /** How it ended; asked once the output is over. */
  ended(): Promise<{ readonly exitCode?: number; readonly error?: string }>;
}

/** What is said of a tunnel when it is over. */
export type TunnelEnding = Omit<Extract<TunnelReport, { type: 'StowageTunnelClosed' }>['message'], 'tunnelId'>;
