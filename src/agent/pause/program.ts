/**
 * The program of a pause container: a static ELF executable of about 150 bytes that sleeps until it is killed, so that no
 * compiler and no image is needed. Layout: the ELF header, one program header that maps the whole file readable and
 * executable, the code ("System V Application Binary Interface", "ELF-64 Object File Format").
 */
export function pauseProgram(arch: string): Uint8Array {
  const machine = machines[arch];
  if (machine === undefined) throw new Error(`No pause program for ${arch}: x64 and arm64 are supported`);
  const headers = 64 + 56;
  const size = headers + machine.code.length;
  const file = Buffer.alloc(size);
  const base = 0x400000n;
  // e_ident: magic, 64 bits, little-endian, version 1, System V.
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0], 0);
  file.writeUInt16LE(2, 16); // e_type: executable
  file.writeUInt16LE(machine.id, 18);
  file.writeUInt32LE(1, 20); // e_version
  file.writeBigUInt64LE(base + BigInt(headers), 24); // e_entry
  file.writeBigUInt64LE(64n, 32); // e_phoff
  file.writeUInt16LE(64, 52); // e_ehsize
  file.writeUInt16LE(56, 54); // e_phentsize
  file.writeUInt16LE(1, 56); // e_phnum
  file.writeUInt32LE(1, 64); // p_type: load
  file.writeUInt32LE(5, 68); // p_flags: read, execute
  file.writeBigUInt64LE(base, 80); // p_vaddr
  file.writeBigUInt64LE(base, 88); // p_paddr
  file.writeBigUInt64LE(BigInt(size), 96); // p_filesz
  file.writeBigUInt64LE(BigInt(size), 104); // p_memsz
  file.writeBigUInt64LE(0x1000n, 112); // p_align
  file.set(machine.code, headers);
  return file;
}

const machines: Readonly<Record<string, { readonly id: number; readonly code: readonly number[] }>> = {
  x64: {
    id: 62,
    // mov eax, 34 (pause); syscall; jmp to the beginning
    code: [0xb8, 0x22, 0x00, 0x00, 0x00, 0x0f, 0x05, 0xeb, 0xf7],
  },
  arm64: {
    id: 183,
    code: [
      0xd2800000, // mov x0, 0
      0xd2800001, // mov x1, 0
      0xd2800002, // mov x2, 0
      0xd2800003, // mov x3, 0
      0xd2800928, // mov x8, 73 (ppoll: there is no pause here)
      0xd4000001, // svc 0
      0x17fffffa, // b to the beginning
    ].flatMap((word) => [word & 0xff, (word >>> 8) & 0xff, (word >>> 16) & 0xff, word >>> 24]),
  },
};
