import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { codeOf } from './errors.js'

/**
 * Makes a folder and those above it. Node's own `recursive` never ends where a folder cannot be
 * made in one that exists, as in /proc.
 * @throws the error of the file system
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

/** Another process may make it at the same moment. */
function makeLast (path: string): void {
  try {
    mkdirSync(path)
  } catch (error) {
    if (!isFolder(path)) throw error
  }
}

const isFolder = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
