/** How much of a test that can be of any length is run: `usually` by `npm test`, `all` by `npm run test:all`. */
export function atLength(usually: number, all: number): number {
  return process.env['STOWAGE_TEST_ALL'] === undefined ? usually : all;
}
