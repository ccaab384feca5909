/** What an instance type is ("Amazon EC2 instance types"), as far as instances here have it. */
export interface InstanceType {
  readonly name: string;
  readonly vcpus: number;
  /** Of the type as EC2 lists it. */
  readonly memoryMiB: number;
  /** The most network interfaces, and the private addresses of each. */
  readonly interfaces: number;
  readonly addresses: number;
  readonly network: string;
  readonly burstable: boolean;
  readonly currentGeneration: boolean;
  readonly hypervisor: 'nitro' | 'xen';
  /** Threads of each core: some types have one. */
  readonly threadsPerCore: 1 | 2;
  readonly clockGHz: number;
  readonly architecture: Architecture;
}

/** What programs are compiled for, as EC2 names it. */
export type Architecture = 'x86_64' | 'arm64';

/** A size: name, vCPUs, MiB, interfaces, addresses of each, network performance. */
type Size = readonly [string, number, number, number, number, string];

const sizes: Readonly<Record<string, readonly Size[]>> = {
  t2: [
    ['nano', 1, 512, 2, 2, 'Low to Moderate'],
    ['micro', 1, 1024, 2, 2, 'Low to Moderate'],
    ['small', 1, 2048, 3, 4, 'Low to Moderate'],
    ['medium', 2, 4096, 3, 6, 'Low to Moderate'],
    ['large', 2, 8192, 3, 12, 'Low to Moderate'],
    ['xlarge', 4, 16_384, 3, 15, 'Moderate'],
    ['2xlarge', 8, 32_768, 3, 15, 'Moderate'],
  ],
  t3: [
    ['nano', 2, 512, 2, 2, 'Up to 5 Gigabit'],
    ['micro', 2, 1024, 2, 2, 'Up to 5 Gigabit'],
    ['small', 2, 2048, 3, 4, 'Up to 5 Gigabit'],
    ['medium', 2, 4096, 3, 6, 'Up to 5 Gigabit'],
    ['large', 2, 8192, 3, 12, 'Up to 5 Gigabit'],
    ['xlarge', 4, 16_384, 4, 15, 'Up to 5 Gigabit'],
    ['2xlarge', 8, 32_768, 4, 15, 'Up to 5 Gigabit'],
  ],
  t3a: [
    ['nano', 2, 512, 2, 2, 'Up to 5 Gigabit'],
    ['micro', 2, 1024, 2, 2, 'Up to 5 Gigabit'],
    ['small', 2, 2048, 2, 4, 'Up to 5 Gigabit'],
    ['medium', 2, 4096, 3, 6, 'Up to 5 Gigabit'],
    ['large', 2, 8192, 3, 12, 'Up to 5 Gigabit'],
    ['xlarge', 4, 16_384, 4, 15, 'Up to 5 Gigabit'],
    ['2xlarge', 8, 32_768, 4, 15, 'Up to 5 Gigabit'],
  ],
  m5: [
    ['large', 2, 8192, 3, 10, 'Up to 10 Gigabit'],
    ['xlarge', 4, 16_384, 4, 15, 'Up to 10 Gigabit'],
    ['2xlarge', 8, 32_768, 4, 15, 'Up to 10 Gigabit'],
    ['4xlarge', 16, 65_536, 8, 30, 'Up to 10 Gigabit'],
    ['8xlarge', 32, 131_072, 8, 30, '10 Gigabit'],
    ['12xlarge', 48, 196_608, 8, 30, '10 Gigabit'],
    ['16xlarge', 64, 262_144, 15, 50, '20 Gigabit'],
    ['24xlarge', 96, 393_216, 15, 50, '20 Gigabit'],
  ],
  m5a: [
    ['large', 2, 8192, 3, 10, 'Up to 10 Gigabit'],
    ['xlarge', 4, 16_384, 4, 15, 'Up to 10 Gigabit'],
    ['2xlarge', 8, 32_768, 4, 15, 'Up to 10 Gigabit'],
    ['4xlarge', 16, 65_536, 8, 30, 'Up to 10 Gigabit'],
    ['8xlarge', 32, 131_072, 8, 30, '10 Gigabit'],
    ['12xlarge', 48, 196_608, 8, 30, '10 Gigabit'],
    ['16xlarge', 64, 262_144, 15, 50, '20 Gigabit'],
    ['24xlarge', 96, 393_216, 15, 50, '20 Gigabit'],
  ],
  r5: [
    ['large', 2, 16_384, 3, 10, 'Up to 10 Gigabit'],
    ['xlarge', 4, 32_768, 4, 15, 'Up to 10 Gigabit'],
    ['2xlarge', 8, 65_536, 4, 15, 'Up to 10 Gigabit'],
    ['4xlarge', 16, 131_072, 8, 30, 'Up to 10 Gigabit'],
    ['8xlarge', 32, 262_144, 8, 30, '10 Gigabit'],
    ['12xlarge', 48, 393_216, 8, 30, '10 Gigabit'],
    ['16xlarge', 64, 524_288, 15, 50, '20 Gigabit'],
    ['24xlarge', 96, 786_432, 15, 50, '20 Gigabit'],
  ],
  m6i: [
    ['large', 2, 8192, 3, 10, 'Up to 12.5 Gigabit'],
    ['xlarge', 4, 16_384, 4, 15, 'Up to 12.5 Gigabit'],
    ['2xlarge', 8, 32_768, 4, 15, 'Up to 12.5 Gigabit'],
    ['4xlarge', 16, 65_536, 8, 30, 'Up to 12.5 Gigabit'],
    ['8xlarge', 32, 131_072, 8, 30, '12.5 Gigabit'],
    ['12xlarge', 48, 196_608, 8, 30, '25 Gigabit'],
    ['16xlarge', 64, 262_144, 15, 50, '25 Gigabit'],
    ['24xlarge', 96, 393_216, 15, 50, '25 Gigabit'],
    ['32xlarge', 128, 524_288, 15, 50, '25 Gigabit'],
  ],
  c6i: [
    ['large', 2, 4096, 3, 10, 'Up to 12.5 Gigabit'],
    ['xlarge', 4, 8192, 4, 15, 'Up to 12.5 Gigabit'],
    ['2xlarge', 8, 16_384, 4, 15, 'Up to 12.5 Gigabit'],
    ['4xlarge', 16, 32_768, 8, 30, 'Up to 12.5 Gigabit'],
    ['8xlarge', 32, 65_536, 8, 30, '12.5 Gigabit'],
    ['12xlarge', 48, 98_304, 8, 30, '25 Gigabit'],
    ['16xlarge', 64, 131_072, 15, 50, '25 Gigabit'],
    ['24xlarge', 96, 196_608, 15, 50, '25 Gigabit'],
    ['32xlarge', 128, 262_144, 15, 50, '25 Gigabit'],
  ],
  r6i: [
    ['large', 2, 16_384, 3, 10, 'Up to 12.5 Gigabit'],
    ['xlarge', 4, 32_768, 4, 15, 'Up to 12.5 Gigabit'],
    ['2xlarge', 8, 65_536, 4, 15, 'Up to 12.5 Gigabit'],
    ['4xlarge', 16, 131_072, 8, 30, 'Up to 12.5 Gigabit'],
    ['8xlarge', 32, 262_144, 8, 30, '12.5 Gigabit'],
    ['12xlarge', 48, 393_216, 8, 30, '25 Gigabit'],
    ['16xlarge', 64, 524_288, 15, 50, '25 Gigabit'],
    ['24xlarge', 96, 786_432, 15, 50, '25 Gigabit'],
    ['32xlarge', 128, 1_048_576, 15, 50, '25 Gigabit'],
  ],
  c5: [
    ['large', 2, 4096, 3, 10, 'Up to 10 Gigabit'],
    ['xlarge', 4, 8192, 4, 15, 'Up to 10 Gigabit'],
    ['2xlarge', 8, 16_384, 4, 15, 'Up to 10 Gigabit'],
    ['4xlarge', 16, 32_768, 8, 30, 'Up to 10 Gigabit'],
    ['9xlarge', 36, 73_728, 8, 30, '12 Gigabit'],
    ['12xlarge', 48, 98_304, 8, 30, '12 Gigabit'],
    ['18xlarge', 72, 147_456, 15, 50, '25 Gigabit'],
    ['24xlarge', 96, 196_608, 15, 50, '25 Gigabit'],
  ],
  t4g: [
    ['nano', 2, 512, 2, 2, 'Up to 5 Gigabit'],
    ['micro', 2, 1024, 2, 2, 'Up to 5 Gigabit'],
    ['small', 2, 2048, 3, 4, 'Up to 5 Gigabit'],
    ['medium', 2, 4096, 3, 6, 'Up to 5 Gigabit'],
    ['large', 2, 8192, 3, 12, 'Up to 5 Gigabit'],
    ['xlarge', 4, 16_384, 4, 15, 'Up to 5 Gigabit'],
    ['2xlarge', 8, 32_768, 4, 15, 'Up to 5 Gigabit'],
  ],
  m6g: graviton2(4),
  c6g: graviton2(2),
  r6g: graviton2(8),
};

/** The sizes of a family with Graviton2 processors, by their GiB for each vCPU. */
function graviton2(gibPerCpu: number): Size[] {
  const shapes = [
    ['medium', 1, 2, 4, 'Up to 10 Gigabit'],
    ['large', 2, 3, 10, 'Up to 10 Gigabit'],
    ['xlarge', 4, 4, 15, 'Up to 10 Gigabit'],
    ['2xlarge', 8, 4, 15, 'Up to 10 Gigabit'],
    ['4xlarge', 16, 8, 30, 'Up to 10 Gigabit'],
    ['8xlarge', 32, 8, 30, '12 Gigabit'],
    ['12xlarge', 48, 8, 30, '20 Gigabit'],
    ['16xlarge', 64, 15, 50, '25 Gigabit'],
  ] as const;
  return shapes.map(([size, vcpus, interfaces, addresses, network]) => [
    size,
    vcpus,
    vcpus * gibPerCpu * 1024,
    interfaces,
    addresses,
    network,
  ]);
}

/** The families with Graviton processors. */
const arm = new Set(['t4g', 'm6g', 'c6g', 'r6g']);

const clocks: Readonly<Record<string, number>> = { t2: 2.5, t3: 3.1, t3a: 2.2, m5: 3.1, m5a: 2.5, r5: 3.1, c5: 3.4 };

function typesOf(family: string): InstanceType[] {
  return (sizes[family] ?? []).map(([size, vcpus, memoryMiB, interfaces, addresses, network]) => ({
    name: `${family}.${size}`,
    vcpus,
    memoryMiB,
    interfaces,
    addresses,
    network,
    burstable: family.startsWith('t'),
    currentGeneration: true,
    hypervisor: family === 't2' ? 'xen' : 'nitro',
    // T2's smaller sizes are single threads, Graviton's cores always.
    threadsPerCore: family === 't2' || arm.has(family) ? 1 : 2,
    clockGHz: clocks[family] ?? (arm.has(family) ? 2.5 : 3.5),
    architecture: arm.has(family) ? 'arm64' : 'x86_64',
  }));
}

/** The type of the instance that is the whole of a machine that joined; its size is its own (`Instance.size`). */
export const machineInstanceType = 'stowage.machine';

/** The instance types that there are, by name. */
export const instanceTypes: ReadonlyMap<string, InstanceType> = new Map(
  Object.keys(sizes)
    .flatMap(typesOf)
    .map((type) => [type.name, type]),
);
/**
 * The MiB that the ECS agent registers of a type: the operating system keeps a part for itself ("Reserving Amazon ECS Linux container
 * instance memory": an m4.large of 8 GiB registers 7,985, a t2.micro of 1 GiB 985).
 */
export function registeredMemory(memoryMiB: number): number {
  return memoryMiB - Math.round(15 + (memoryMiB * 3) / 128);
}
