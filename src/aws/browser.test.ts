import { expect, it } from 'vitest';
import { fromForeignPage } from './browser.ts';

it.each([
  [{}, false],
  [{ 'sec-fetch-site': 'none' }, false],
  [{ 'sec-fetch-site': 'same-origin' }, false],
  [{ 'sec-fetch-site': 'cross-site' }, true],
  [{ 'sec-fetch-site': 'same-site' }, true],
  [{ origin: 'http://localhost:5173', 'sec-fetch-site': 'cross-site' }, false],
  [{ origin: 'http://127.0.0.1:4566' }, false],
  [{ origin: 'http://console.localhost' }, false],
  [{ origin: 'http://[::1]:80' }, false],
  [{ origin: 'https://example.com' }, true],
  [{ origin: 'http://127.0.0.1.example.com' }, true],
  [{ origin: 'http://localhost.example.com' }, true],
  [{ origin: 'null' }, true],
])('%j is a foreign page: %s', (headers, foreign) => {
  expect(fromForeignPage(headers)).toBe(foreign);
});
