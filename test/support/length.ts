/** How much of a test that can be of any length is run: `usually` by `npm test`, `all` by `npm run test:all`. */
export function atLength<Length>(usually: Length, all: Length): Length {
  return process.env['STOWAGE_TEST_ALL'] === undefined ? usually : all;
}
