import { inspect } from 'node:util'
import { redact } from '@weir/internal'
import { StartError } from './errors.js'
import { type SuitePorts } from './ports.js'
import { type ServiceDefinition } from './suite.js'
import { Supervisor } from './supervisor.js'

/**
 * npm passes on a Ctrl-C that the terminal has already delivered: two signals this close count as
 * one.
 */
const SAME_WISH_MS = 300

/**
 * Runs the services until SIGINT (Ctrl-C), SIGTERM or SIGHUP, then ends the process: with 0 after a
 * clean end, 1 after a failed start, 130 when a second signal cut the end short.
 */
export async function run (
  services: readonly ServiceDefinition[],
  env: NodeJS.ProcessEnv,
  ports?: SuitePorts
): Promise<void> {
  const say = (line: string): void => {
    console.log(line)
  }
  const supervisor = new Supervisor(services, env, say, ports)
  let ending: 'no' | 'asked' | 'may be cut short' = 'no'

  const end = (): void => {
    if (ending === 'no') {
      ending = 'asked'
      setTimeout(() => {
        ending = 'may be cut short'
        say('weir: waiting for the instances to end; press Ctrl-C again to kill them')
      }, SAME_WISH_MS)
      supervisor.stop().then(() => process.exit(0), fail)
    } else if (ending === 'may be cut short') {
      supervisor.kill()
      process.exit(130)
    }
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end)

  try {
    await supervisor.start()
  } catch (error) {
    if (ending !== 'no') return
    ending = 'asked'
    await supervisor.stop()
    fail(error)
  }
}

/** Ends the process after a failed start. */
export function fail (error: unknown): never {
  // Defects keep their stack: the user did not cause them.
  console.error(redact(error instanceof StartError ? `weir: ${error.message}` : inspect(error)))
  process.exit(1)
}
