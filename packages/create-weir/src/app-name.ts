import { basename, resolve } from 'node:path'
import { inspect } from 'node:util'
import { CreateError } from './errors.js'

/** Maximum length of a name in npm. */
const LONGEST = 214

/**
 * Derives a package name from a folder's name.
 * @throws CreateError if npm would reject the name
 */
export function appName (folder: string): string {
  const name = basename(resolve(folder))
  const isValid =
    /^[a-z0-9][a-z0-9._-]*$/.test(name) && name.length <= LONGEST && name !== 'node_modules'
  if (!isValid) {
    throw new CreateError(
      `The folder ${inspect(name)} is not a valid package name: use lower-case letters, digits, "-", "." and "_", such as my-app.`
    )
  }
  return name
}
