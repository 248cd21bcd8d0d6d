const heading = (version: string) =>
  new RegExp(`^## \\[?${version.replaceAll('.', '\\.')}\\]?(?=\\s|$).*\\n`, 'm')

/**
 * Returns the notes of a version in a changelog, without its heading; undefined if the version is
 * missing or has no notes.
 */
export function notesOf (changelog: string, version: string): string | undefined {
  const found = heading(version).exec(changelog)
  if (found === null) return undefined
  const [notes = ''] = changelog.slice(found.index + found[0].length).split(/^## /m)
  return notes.trim() === '' ? undefined : notes.trim()
}

/** Turns the unreleased section into a version, with a new, empty one above it. */
export function released (changelog: string, version: string, date: string): string {
  if (notesOf(changelog, 'Unreleased') === undefined) {
    throw new Error('CHANGELOG.md has nothing under "## Unreleased".')
  }
  return changelog.replace(heading('Unreleased'), `## Unreleased\n\n## ${version} - ${date}\n`)
}
