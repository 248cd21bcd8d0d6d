/** The steps of a build by `npm start`. */
export interface BuildSteps {
  /** Compiles what has changed. Returns false after a failure, which it has reported. */
  readonly compile: () => boolean
  /** Removes everything that is compiled. Returns false like `compile`. */
  readonly clean: () => boolean
  /** Bundles the compiled programs. */
  readonly bundle: () => Promise<void>
  readonly say: (line: string) => void
}

/**
 * Compiles and bundles. `tsc -b` does not notice a missing output: where the bundler misses a file,
 * everything is compiled again.
 * @returns false if a step failed, which it has reported
 * @throws as `bundle` does, if a full build does not help
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
