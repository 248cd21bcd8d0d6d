import { type InstanceState, type MinuteRecord } from '../record.js'
import { type MetricsStore, type Requests } from '../store.js'
import { firstMinute, firstMoment, isLate, TAKEN } from './retention.js'

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
    requests: memoryRequests(),
    close () {}
  }
}

function memoryRequests (): Requests {
  /** When each request was sent and may be taken, by box. */
  const boxes = new Map<string, Map<string, { readonly sent: number, free: number }>>()
  return {
    async send (name, request) {
      const box = boxes.get(name) ?? new Map<string, { readonly sent: number, free: number }>()
      boxes.set(name, box.set(request, { sent: Date.now(), free: 0 }))
    },
    async take (name, limit) {
      const box = boxes.get(name)
      if (box === undefined) return []
      for (const [request, { sent }] of box) if (sent < firstMoment()) box.delete(request)
      const now = performance.now()
      const taken = [...box].filter(([, { free }]) => free <= now).slice(0, limit)
      for (const [, times] of taken) times.free = now + TAKEN
      return taken.map(([request]) => request)
    },
    async finish (name, request) { boxes.get(name)?.delete(request) },
    has: async (name, request) => boxes.get(name)?.has(request) === true
  }
}
