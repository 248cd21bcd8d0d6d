/** The steps of a build, as `npm start` has them. */
export interface BuildSteps {
  /** Compiles what has changed. False: it did not succeed, and has said why. */
  readonly compile: () => boolean
  /** Removes everything that is compiled. False as of `compile`. */
  readonly clean: () => boolean
  /** Bundles what is compiled. */
  readonly bundle: () => Promise<void>
  readonly say: (line: string) => void
}

/**
 * Compiles and bundles. `tsc -b` does not notice that an output is missing, so that everything is
 * compiled again where the bundler misses one.
 * @returns false if a step did not succeed, and has said why
 * @throws as `bundle` does, where a build of everything does not help
 */
export async function buildSuite ({ compile, clean, bundle, say }: BuildSteps): Promise<boolean> {
  if (!compile()) return false
  try {
    await bundle()
  } catch {
    say('Compiled files are missing: compiling everything again.')
    if (!clean() || !compile()) return false
    await bundle()
  }
  return true
}
