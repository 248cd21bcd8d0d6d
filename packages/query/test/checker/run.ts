import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Teardown, TestPostgres } from '@weir/internal/testing'
import { Random } from '@weir/internal/testing'
import { problemsOf, type Told } from './history.js'
import type { Mutant } from './settings.js'

export interface Run {
  readonly seed: number
  readonly seconds: number
  /** A SQLite file or a Postgres database with the shop in it. */
  readonly database: string | TestPostgres
  /** Folder of the cache's file. */
  readonly folder: string
  readonly mutant?: Mutant
}

const PROCESSES = 3

/**
 * Lets processes read and write, kills some, and checks what they saw. Stops at the first problem.
 */
export async function check (t: Teardown, { seed, seconds, database, folder, mutant }: Run) {
  const random = new Random(seed)
  const history: Told[] = []
  const failures: string[] = []
  const children = new Set<ChildProcess>()
  t.teardown(() => Promise.all([...children].map(kill)))
  let started = 0
  const start = async () => {
    const process = ++started
    const settings = {
      process,
      seed: seed * 1000 + process,
      cacheFile: join(folder, 'cache.db'),
      database,
      mutant
    }
    const child = fork(new URL('process.js', import.meta.url), [JSON.stringify(settings)], {
      execArgv: []
    })
    children.add(child)
    child.on('message', (told: Told) => { history.push(told) })
    child.once('exit', (code) => {
      children.delete(child)
      if (code !== null && code !== 0) failures.push(`process ${process} ended with ${code}`)
    })
    await Promise.race([once(child, 'message'), once(child, 'exit')])
  }
  await Promise.all(Array.from({ length: PROCESSES }, start))

  const end = performance.now() + seconds * 1000
  let kills = 0
  while (performance.now() < end && problemsOf(history).length + failures.length === 0) {
    await setTimeout(random.integer(300, 900))
    const [victim] = children
    if (victim === undefined) continue
    await kill(victim)
    kills++
    await start()
  }
  for (const child of children) child.send('end')
  await Promise.all([...children].map((child) => once(child, 'exit')))
  const reads = history.filter(({ type }) => type === 'read').length
  const writes = history.filter(({ type }) => type === 'write').length
  return { problems: [...failures, ...problemsOf(history)], reads, writes, kills }
}

/** Kills it like kill -9. */
async function kill (child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}
