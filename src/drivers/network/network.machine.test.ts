import { networkDriverConformance } from './conformance.ts';
import { LinuxWorld } from './world-for-tests.ts';

networkDriverConformance('Linux', () => LinuxWorld.make());
