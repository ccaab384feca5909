import { createServer, type AddressInfo } from 'node:net';
import { balancerDriverConformance } from './conformance.ts';
import { FakeBalancerDriver } from './fake.ts';

balancerDriverConformance('fake', () => {
  const driver = new FakeBalancerDriver();
  return Promise.resolve({
    driver,
    inRotation: (arn: string) => Promise.resolve(driver.inRotation(arn)),
    freePort: () =>
      new Promise<number>((resolve) => {
        const server = createServer().listen(0, '127.0.0.1', () => {
          const { port } = server.address() as AddressInfo;
          server.close(() => resolve(port));
        });
      }),
    dispose: () => driver.close(),
  });
});
