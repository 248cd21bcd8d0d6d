import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** Folder of all examples, with a slash at the end. */
export const EXAMPLES = fileURLToPath(new URL('../../', import.meta.url))

/** Part of a test that can register cleanup. */
interface Teardown {
  teardown (end: () => unknown): void
}

/** Example that runs as a process of its own, on free ports. */
export interface Example {
  /** Addresses without a slash at the end. */
  readonly urls: readonly string[]
  readonly url: string
  /** Lines printed so far. */
  readonly lines: readonly string[]
  /** Sends SIGTERM, and resolves with the exit status; null if it was killed. */
  stop (): Promise<number | null>
  /** Resolves when the process has exited, with its exit status; null if it was killed. */
  readonly ended: Promise<number | null>
}

export type Environment = Readonly<Record<string, string>>

/** Returns an environment with only PATH of the test's own. */
export const bare = (env: Environment): Environment => ({ PATH: process.env['PATH'] ?? '', ...env })

/**
 * Starts the compiled server of an example in its folder, and resolves when it has printed that
 * many lines, one of which has its address.
 */
export async function startExample (
  t: Teardown,
  name: string,
  env: Environment = {},
  lineCount = 1
): Promise<Example> {
  const child = spawn(process.execPath, [`${EXAMPLES}dist/${name}/server.js`], {
    cwd: EXAMPLES + name,
    env: bare({ PORT: '0', NODE_HTTP_PORT: '0', ...env }),
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const ended = once(child, 'close').then(([status]: unknown[]) =>
    typeof status === 'number' ? status : null
  )
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const lines: string[] = []
  await new Promise<void>((resolve, reject) => {
    for (const input of [child.stdout, child.stderr]) {
      createInterface({ input }).on('line', (line) => {
        lines.push(line)
        if (lines.length === lineCount) resolve()
      })
    }
    ended.then(() => {
      reject(new Error(`${name} ended before it was ready:\n${lines.join('\n')}`))
    }, reject)
  })
  const urls = lines.join('\n').match(/http:\/\/127\.0\.0\.1:\d+/g) ?? []
  const [url = ''] = urls
  return {
    urls,
    url,
    lines,
    ended,
    stop () {
      child.kill('SIGTERM')
      return ended
    }
  }
}
