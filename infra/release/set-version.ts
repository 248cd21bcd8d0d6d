import { readFile, writeFile } from 'node:fs/promises'
import { released } from './changelog.js'
import { readPackageJson } from './package-json.js'
import { foldersOfAll } from './workspaces.js'

/** Whether a version may be released: semver without build metadata. */
export const isVersion = (text: string): boolean =>
  /^\d+\.\d+\.\d+(?:-[0-9a-z-]+(?:\.[0-9a-z-]+)*)?$/.test(text)

/**
 * Sets one version in all workspaces and in their dependencies on each other; the changelog's
 * unreleased notes become those of that version. Writes package.json files and CHANGELOG.md;
 * returns the files written.
 */
export async function setVersion (root: string, version: string, date: string): Promise<string[]> {
  const { version: previous } = await readPackageJson(root)
  const changelog = released(await readFile(`${root}/CHANGELOG.md`, 'utf8'), version, date)
  const written: string[] = []
  const write = async (file: string, text: string) => {
    await writeFile(`${root}/${file}`, text)
    written.push(file)
  }
  for (const folder of ['.', ...await foldersOfAll(root)]) {
    const file = folder === '.' ? 'package.json' : `${folder}/package.json`
    const text = await readFile(`${root}/${file}`, 'utf8')
    // Edits the text, so that the files keep their layout.
    await write(
      file,
      text
        .replace(`"version": "${previous}"`, `"version": "${version}"`)
        .replace(/("@weir\/[\w-]+": )"([^"]+)"/g, (whole, name: string, range: string) =>
          range === previous ? `${name}"${version}"` : whole
        )
    )
  }
  await write('CHANGELOG.md', changelog)
  return written
}
