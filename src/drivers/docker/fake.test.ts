import { systemClock } from '../../base/clock.ts';
import { dockerConformance } from './conformance.ts';
import { FakeDocker } from './fake.ts';

dockerConformance('fake', () => {
  const driver = new FakeDocker({ clock: systemClock });
  driver.addImage('shell:latest');
  return Promise.resolve({ driver, image: 'shell:latest', run: 'fake', teardown: () => driver.close() });
});
