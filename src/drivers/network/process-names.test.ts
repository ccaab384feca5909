import { expect, it } from 'vitest';
import { addressIn, lookUpAs, nameServerIn } from './process-names.ts';

const hosts = `
127.0.0.1 localhost
::1       localhost ip6-localhost
10.0.0.5  db Web.internal # not commented
# 10.0.0.6 old
`;

it.each([
  ['localhost', '127.0.0.1'],
  ['db', '10.0.0.5'],
  ['web.INTERNAL', '10.0.0.5'],
  ['commented', undefined],
  ['old', undefined],
  ['ip6-localhost', undefined],
])('%s is %s in a hosts file', (name, address) => {
  expect(addressIn(hosts, name)).toBe(address);
});

it('takes the first name server', () => {
  expect(nameServerIn('# nameserver 1.1.1.1\nsearch a\nnameserver 169.254.169.253\nnameserver 8.8.8.8\n')).toBe(
    '169.254.169.253',
  );
  expect(nameServerIn('search a\n')).toBeUndefined();
});

it('looks nothing up that is an address, or is every process’s own', () => {
  expect(lookUpAs(0, '10.1.2.3')).toEqual({ address: '10.1.2.3' });
  expect(lookUpAs(0, 'localhost')).toEqual({ address: '127.0.0.1' });
  expect(lookUpAs(0, 'example.com')).toEqual({ nameServer: undefined });
});
