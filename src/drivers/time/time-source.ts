/** How far this machine's clock may be off. */
export interface ClockDrift {
  /** Milliseconds by which it may differ from the reference, either way. */
  readonly errorBoundMs: number;
  /** When it was last compared, epoch milliseconds. */
  readonly referenceAt: number;
  readonly synchronized: boolean;
}

/** What keeps this machine's clock right. */
export interface TimeSource {
  /** `undefined` where nothing here can tell. */
  drift(): Promise<ClockDrift | undefined>;
}
