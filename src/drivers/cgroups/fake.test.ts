import { cgroupsConformance } from './conformance.ts';
import { FakeCgroups } from './fake.ts';

cgroupsConformance('fake', () => Promise.resolve(new FakeCgroups()));
