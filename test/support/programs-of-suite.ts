import { PROGRAMS } from '#infra/local/programs.js'

/**
 * Returns the file of a program of the suite: its bundle, which starts with half the CPU, in a run
 * by `npm test`, which bundles first. Compiled files otherwise, because a bundle may be older, and
 * where coverage is counted, because that of a bundle is not.
 */
export function programOf (name: keyof typeof PROGRAMS): string {
  const counted = process.env['_TAPJS_PROCESSINFO_COVERAGE_'] !== '0'
  const { compiled, bundle } = PROGRAMS[name]
  return process.env['TEST_BUNDLES'] === '1' && !counted ? bundle : compiled
}
