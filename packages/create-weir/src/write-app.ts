import { cp, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { CreateError } from './errors.js'

/** Language of an app. */
export type Language = 'ts' | 'js'

const PACKAGE = new URL('../../', import.meta.url)

/**
 * Writes an app into a folder, creating it if needed.
 * @throws CreateError if the folder is not empty or cannot be created; nothing is written in that
 *   case
 */
export async function writeApp (folder: string, name: string, language: Language): Promise<void> {
  await makeEmpty(folder)
  await cp(fileURLToPath(new URL(`templates/${language}`, PACKAGE)), folder, { recursive: true })
  // npm leaves files named .gitignore out of packages.
  await rename(`${folder}/gitignore`, `${folder}/.gitignore`)
  const { version } = await readJson(new URL('package.json', PACKAGE))
  const manifest = await readFile(`${folder}/package.json`, 'utf8')
  await writeFile(`${folder}/package.json`, manifest
    .replace('"name": "my-app"', `"name": ${JSON.stringify(name)}`)
    .replace(/("@weir\/[\w-]+": )"[^"]+"/g, `$1"^${String(version)}"`))
  const readme = await readFile(`${folder}/README.md`, 'utf8')
  await writeFile(`${folder}/README.md`, readme.replace('# my-app', `# ${name}`))
}

async function readJson (file: URL): Promise<{ readonly version?: unknown }> {
  const json: unknown = JSON.parse(await readFile(file, 'utf8'))
  return typeof json === 'object' && json !== null ? json : {}
}

async function makeEmpty (folder: string): Promise<void> {
  let found: string[]
  try {
    await mkdir(folder, { recursive: true })
    found = await readdir(folder)
  } catch (error) {
    throw new CreateError(
      `The folder ${folder} cannot be created: ${error instanceof Error ? error.message : String(error)}`
    )
  }
  // A new repository contains only `.git`.
  const files = found.filter((file) => file !== '.git')
  if (files.length === 0) return
  const some = files.slice(0, 3).join(', ')
  throw new CreateError(
    `The folder ${folder} is not empty (${some}${files.length > 3 ? ', …' : ''}): choose an empty or new one.`
  )
}
