import type { Database, Statement } from 'better-sqlite3'
import { DisposableFile, type DisposableFileOptions } from '../src/index.js'

/** A table of numbers for the tests. */
export interface Numbers {
  readonly add: Statement<[number]>
  readonly all: Statement<[], number>
}

export function prepareNumbers (db: Database): Numbers {
  db.exec('CREATE TABLE IF NOT EXISTS numbers (n INTEGER NOT NULL)')
  return {
    add: db.prepare('INSERT INTO numbers VALUES (?)'),
    all: db.prepare<[], number>('SELECT n FROM numbers ORDER BY n').pluck()
  }
}

/** A disposable file of numbers. */
export const openNumbers = (path: string, options?: Partial<DisposableFileOptions<Numbers>>) =>
  new DisposableFile(path, { timeout: 2000, prepare: prepareNumbers, ...options })

export const add = (file: DisposableFile<Numbers>, n: number) => {
  file.write((sql) => sql.add.run(n))
}
export const all = (file: DisposableFile<Numbers>) => file.read((sql) => sql.all.all())

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function random (seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6D2B79F5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
