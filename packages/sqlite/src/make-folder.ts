import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { codeOf } from './errors.js'

/**
 * Creates a folder and its parents. Node's `recursive` never ends if a folder cannot be created in
 * an existing one, as in /proc.
 * @throws the file system's error
 */
export function makeFolder (path: string): void {
  try {
    mkdirSync(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT' && dirname(path) !== path) {
      makeFolder(dirname(path))
      makeLast(path)
    } else if (!isFolder(path)) throw error
  }
}

/** Another process may create it at the same moment. */
function makeLast (path: string): void {
  try {
    mkdirSync(path)
  } catch (error) {
    if (!isFolder(path)) throw error
  }
}

const isFolder = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
