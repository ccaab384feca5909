/**
 * The program of a pause container: a static ELF executable of some 250 bytes that sleeps until it is killed, so that no
 * compiler and no image is needed. Given an argument, whichever, it moves to a network namespace of its own first (unshare(2)), and ends
 * where it cannot. Where containers share its process namespace it is the parent of their orphans: it
 * ignores SIGCHLD, by which the kernel reaps them (sigaction(2)). Layout: the ELF header, one program header that maps the whole file readable and
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

/** The kernel's `struct sigaction` that ignores a signal: the handler 1 (`SIG_IGN`), no flags, no restorer, nothing blocked. */
const ignore: readonly number[] = [1, ...Array<number>(31).fill(0)];

const machines: Readonly<Record<string, { readonly id: number; readonly code: readonly number[] }>> = {
  x64: {
    id: 62,
    code: [
      ...bytes('b8 0d 00 00 00'), // mov eax, 13 (rt_sigaction)
      ...bytes('bf 11 00 00 00'), // mov edi, 17 (SIGCHLD)
      ...bytes('48 8d 35 36 00 00 00'), // lea rsi, what comes after the code
      ...bytes('31 d2'), // xor edx, edx
      ...bytes('41 ba 08 00 00 00'), // mov r10d, 8 (bytes of a signal set)
      ...bytes('0f 05'), // syscall
      ...bytes('48 83 3c 24 01'), // cmp qword [rsp], 1 (how many arguments, the name is the first)
      ...bytes('74 10'), // je to the pause
      ...bytes('b8 10 01 00 00'), // mov eax, 272 (unshare)
      ...bytes('bf 00 00 00 40'), // mov edi, CLONE_NEWNET
      ...bytes('0f 05'), // syscall
      ...bytes('85 c0'), // test eax, eax
      ...bytes('75 09'), // jnz to the end
      ...bytes('b8 22 00 00 00'), // mov eax, 34 (pause)
      ...bytes('0f 05'), // syscall
      ...bytes('eb f7'), // jmp to the pause
      ...bytes('bf 01 00 00 00'), // mov edi, 1
      ...bytes('b8 3c 00 00 00'), // mov eax, 60 (exit)
      ...bytes('0f 05'), // syscall
      ...ignore,
    ],
  },
  arm64: {
    id: 183,
    code: [
      0xd2800220, // mov x0, 17 (SIGCHLD)
      0x100002c1, // adr x1, what comes after the code
      0xd2800002, // mov x2, 0
      0xd2800103, // mov x3, 8 (bytes of a signal set)
      0xd28010c8, // mov x8, 134 (rt_sigaction)
      0xd4000001, // svc 0
      0xf94003e0, // ldr x0, [sp] (how many arguments, the name is the first)
      0xf100041f, // cmp x0, 1
      0x540000a0, // b.eq to the pause
      0xd2a80000, // mov x0, CLONE_NEWNET
      0xd2800c28, // mov x8, 97 (unshare)
      0xd4000001, // svc 0
      0xb5000100, // cbnz x0, the end
      0xd2800000, // mov x0, 0
      0xd2800001, // mov x1, 0
      0xd2800002, // mov x2, 0
      0xd2800003, // mov x3, 0
      0xd2800928, // mov x8, 73 (ppoll: there is no pause here)
      0xd4000001, // svc 0
      0x17fffffa, // b to the ppoll
      0xd2800020, // mov x0, 1
      0xd2800ba8, // mov x8, 93 (exit)
      0xd4000001, // svc 0
    ]
      .flatMap((word) => [word & 0xff, (word >>> 8) & 0xff, (word >>> 16) & 0xff, word >>> 24])
      .concat(ignore),
  },
};

function bytes(hex: string): Uint8Array {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex');
}
