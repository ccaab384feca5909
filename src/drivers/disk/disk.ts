/** What lies on this machine's disks. Failures are `DriverError`s. */
export interface Disk {
  /** Bytes that the files below directories take, each file counted once; what is not there counts nothing. */
  used(paths: readonly string[]): Promise<number>;
  /** Bytes that are taken of the whole file system in which a path lies: costs nothing to ask. */
  taken(path: string): Promise<number>;
}
