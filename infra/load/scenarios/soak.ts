import { setTimeout as delay } from 'node:timers/promises'
import { measure } from '../measure.js'
import type { Scenario, Surroundings } from '../scenario.js'
import { mix } from '../soak/mix.js'
import { type ProcessSample, sampleProcesses } from '../soak/processes.js'
import { openStore, type StoreSample } from '../soak/store.js'
import { composeLimit, judge } from '../soak/verdict.js'

/** Samples of a run, at most one a second. */
const SAMPLES = 120

export const soak: Scenario = {
  name: 'soak',
  about:
    'half an hour of mixed requests at 220/s: does memory stay low and flat? Only by name; needs a token',
  parts: mix('').map(({ part }) => part),
  needsToken: true,
  alone: { seconds: 1800, rate: 220 },
  async run (around) {
    const { token = '', rate = 220 } = around
    const ended = new AbortController()
    const watching = watch(around, AbortSignal.any([around.signal, ended.signal]))
    const results = await Promise.all(
      mix(token).map(({ part, percent, isWrite, next }) =>
        measure(around, {
          scenario: 'soak',
          part,
          requests: [{ setupRequest: (request) => ({ ...request, ...next() }) }],
          connections: 2,
          rate: Math.max(2, Math.round((rate * percent) / 100)),
          ...(isWrite === true && { isWrite })
        })
      )
    )
    ended.abort()
    const memory = await watching
    const checks = judge(memory.processes, composeLimit()).flatMap(
      ({ instance, limit, peak, rise, isLow, isFlat }) => [
        {
          text: `${instance} stays below 75% of ${mb(limit)} MB`,
          met: isLow,
          why: `at most ${mb(peak)} MB`
        },
        {
          text: `${instance} is flat in the last half`,
          met: isFlat,
          why: `rises by ${mb(rise)} MB`
        }
      ]
    )
    if (memory.processes.length === 0) {
      around.note('No process was found: /api/stats/instances does not answer.')
    }
    return results.map((result, i) =>
      i === 0 ? { ...result, memory: { ...memory, checks } } : result
    )
  }
}

const mb = (bytes: number): string => (bytes / 1024 / 1024).toFixed(1)

/** Samples processes and store until `signal` is aborted. */
async function watch (
  { url, seconds, note }: Surroundings, signal: AbortSignal
): Promise<{ processes: ProcessSample[], store: StoreSample[] }> {
  const [processes, samples]: [ProcessSample[], StoreSample[]] = [[], []]
  const store = await openStore(process.env)
  if (store === undefined) {
    note('The store was not measured: set REDIS_URL or DATA_DIR to the suite\'s value.')
  }
  const began = performance.now()
  try {
    for (;;) {
      await delay(Math.max(1000, seconds * 1000 / SAMPLES), undefined, { signal })
      const at = (performance.now() - began) / 1000
      processes.push(...await sampleProcesses(url, at).catch(() => []))
      if (store !== undefined) samples.push(await store.sample(at))
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    store?.close()
  }
  return { processes, store: samples }
}
