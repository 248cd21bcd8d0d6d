import type { Answer, Sent, Target } from './target.js'

/**
 * Sends a request, and gives up after some time.
 *
 * The timer keeps the process alive: in process nothing else might, and a test would end unseen.
 * @param ms time for the whole response
 */
export async function sendWithin (target: Target, sent: Sent, ms: number): Promise<Answer> {
  const ending = new AbortController()
  const timer = setTimeout(() => {
    ending.abort(new Error(`no complete response within ${ms} ms`))
  }, ms)
  try {
    return await target.send(sent, ending.signal)
  } finally {
    clearTimeout(timer)
  }
}
