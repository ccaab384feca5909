/** A file of a tar archive. */
export interface TarFile {
  /** Relative to the root, without a leading slash. */
  readonly path: string;
  readonly data: Uint8Array;
  /** Permission bits; 0o755 unless given. */
  readonly mode?: number;
}

/** An archive in the ustar format (POSIX.1-1988) of a few small files, owned by root, from the year 1970. */
export function tarOf(files: readonly TarFile[]): Uint8Array {
  const blocks: Buffer[] = [];
  for (const { path, data, mode = 0o755 } of files) {
    const header = Buffer.alloc(512);
    const octal = (value: number, at: number, digits: number): void => {
      header.write(`${value.toString(8).padStart(digits, '0')}\0`, at, 'latin1');
    };
    header.write(path, 0, 100, 'utf8');
    octal(mode, 100, 7);
    octal(0, 108, 7);
    octal(0, 116, 7);
    octal(data.length, 124, 11);
    octal(0, 136, 11);
    header.write('        0', 148, 'latin1');
    header.write('ustar\x0000', 257, 'latin1');
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    blocks.push(header, Buffer.from(data), Buffer.alloc((512 - (data.length % 512)) % 512));
  }
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}
