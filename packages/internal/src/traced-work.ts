import { tracingChannel } from 'node:diagnostics_channel'

/** Work with a start and an end, as published to the subscribers of its channel. */
export interface TracedWork {
  /** Set by a subscriber of `start` to run the work in its own context. */
  around?: <R>(fn: () => R) => R
  /** Set before `asyncEnd` if the work failed. */
  error?: unknown
}

/**
 * Returns a function that runs work and publishes its start and end (`asyncEnd`) on a tracing
 * channel. Without subscribers it only runs the work. An answer that is no promise stays none.
 * @example
 * const traced = tracedOn<{ url: string } & TracedWork>('shop:call')
 * const answer = await traced(() => ({ url }), () => fetch(url))
 */
export function tracedOn<W extends TracedWork> (
  name: string
): <R>(describe: () => W, run: () => R) => R {
  const channel = tracingChannel<unknown, W>(name)
  return (describe, run) => {
    if (!channel.hasSubscribers) return run()
    const work = describe()
    const end = () => {
      channel.asyncStart.publish(work)
      channel.asyncEnd.publish(work)
    }
    const fail = (error: unknown) => {
      work.error = error
      channel.error.publish(work)
      end()
    }
    return channel.start.runStores(work, () => {
      try {
        const answer = work.around === undefined ? run() : work.around(run)
        if (answer instanceof Promise) answer.then(end, fail)
        else end()
        return answer
      } catch (error) {
        fail(error)
        throw error
      } finally {
        channel.end.publish(work)
      }
    })
  }
}
