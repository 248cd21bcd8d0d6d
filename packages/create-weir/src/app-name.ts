import { basename, resolve } from 'node:path'
import { inspect } from 'node:util'
import { CreateError } from './errors.js'

/** The longest name that npm takes. */
const LONGEST = 214

/**
 * The name of the package in a folder: that of the folder.
 * @throws CreateError if npm would not take it
 */
export function appName (folder: string): string {
  const name = basename(resolve(folder))
  const isValid =
    /^[a-z0-9][a-z0-9._-]*$/.test(name) && name.length <= LONGEST && name !== 'node_modules'
  if (!isValid) {
    throw new CreateError(
      `The folder ${inspect(name)} is no name for a package: use lower-case letters, digits, "-", "." and "_", such as my-app.`
    )
  }
  return name
}
