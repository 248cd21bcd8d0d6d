import { readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { codeOf } from './errors.js'

// Number of set-aside files that are kept: recurring damage must not fill the disk.
const KEPT = 3

/** The files of a database in WAL mode. */
const PARTS = ['', '-wal', '-shm'] as const

/**
 * Renames the file and its journal, and emits one warning (`WEIR_SQLITE_SET_ASIDE`). The latest
 * three set-aside files are kept.
 */
export function setAside (file: string, why: string): void {
  const aside = `${file}.set-aside-${Date.now()}`
  for (const part of PARTS) move(file + part, aside + part)
  forget(file)
  process.emitWarning(
    `${file} ${why}. It was set aside as ${aside}, and a new file was created in its place.`,
    {
      type: 'WeirWarning',
      code: 'WEIR_SQLITE_SET_ASIDE',
      detail: 'Delete the set-aside file if you do not need to examine it.'
    })
}

/** Removes the journal left by a deleted file. */
export function removeJournal (file: string): void {
  for (const part of PARTS.slice(1)) rmSync(file + part, { force: true })
}

function move (from: string, to: string): void {
  try {
    renameSync(from, to)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
}

function forget (file: string): void {
  const folder = dirname(file)
  const prefix = `${basename(file)}.set-aside-`
  const isAside = (name: string) =>
    name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length))
  const names = readdirSync(folder).filter(isAside).sort()
  for (const name of names.slice(0, -KEPT)) {
    for (const part of PARTS) rmSync(join(folder, name + part), { force: true })
  }
}
