import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** A child process of the benchmark, which ends with it in every case. */
export interface Child {
  /** Properties of the message that reported readiness. */
  readonly ready: Readonly<Record<string, unknown>>
  /** Requests the counts so far. */
  ask (): Promise<Readonly<Record<string, number>>>
  end (): Promise<void>
}

/** Starts `children/NAME.js` and resolves when it is ready. */
export async function startChild (
  name: string,
  args: readonly string[] = [],
  execArgv: readonly string[] = []
): Promise<Child> {
  const child = fork(fileURLToPath(new URL(`${name}.js`, import.meta.url)), args, {
    execArgv: [...execArgv]
  })
  const ready = await message(child, name)
  return {
    ready,
    async ask () {
      const answer = message(child, name)
      child.send('how much?')
      const counts: Record<string, number> = {}
      for (const [what, count] of Object.entries(await answer)) counts[what] = Number(count)
      return counts
    },
    async end () {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exit = once(child, 'exit')
      child.disconnect()
      await exit
    }
  }
}

async function message (child: ChildProcess, name: string): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) => {
      reject(new Error(`${name} ended with ${code}, see above`))
    }
    child.once('exit', onExit)
    child.once('message', (said) => {
      child.off('exit', onExit)
      if (typeof said === 'object' && said !== null) resolve({ ...said })
      else reject(new Error(`${name} said ${JSON.stringify(said)}`))
    })
  })
}
