import { type InstanceState, type MinuteRecord } from '../record.js'
import { type MetricsStore } from '../store.js'
import { firstMinute, firstMoment, isLate } from './retention.js'

/** Creates a store in this process, for tests and single-process applications. */
export function memoryStore (): MetricsStore {
  const records = new Map<string, MinuteRecord>()
  const states = new Map<string, InstanceState>()

  const prune = () => {
    for (const [key, { minute }] of records) if (minute < firstMinute()) records.delete(key)
    for (const [run, { at }] of states) if (at < firstMoment()) states.delete(run)
  }

  return {
    kind: 'memory',
    async write (state, told) {
      const known = states.get(state.run)
      if (known === undefined || !isLate(state.at, known.at)) states.set(state.run, state)
      for (const record of told) {
        const key = `${record.minute} ${record.run}`
        if (record.seq > (records.get(key)?.seq ?? -1)) records.set(key, record)
      }
      prune()
      return known !== undefined
    },
    async read (sinceMinute) {
      prune()
      return [...records.values()].filter(({ minute }) => minute >= sinceMinute)
    },
    async instances () {
      prune()
      return [...states.values()]
    },
    close () {}
  }
}
