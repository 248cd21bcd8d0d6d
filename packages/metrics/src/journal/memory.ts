import { checkedLimits } from './limits.js'
import { parseEvents } from './parse.js'
import {
  ENTRY_BYTES, type JournalBatch, type JournalLimits, type JournalStore, newSecret
} from './store.js'

interface Journal {
  readonly batches: JournalBatch[]
  readonly runs: Map<string, JournalBatch>
  readonly secret: string
  bytes: number
  forgottenTo: number | undefined
}

/** Creates a journal in this process, for tests and single-process applications. */
export function memoryJournal (options: JournalLimits = {}): JournalStore {
  const { maxBytes, retain } = checkedLimits(options)
  const journals = new Map<string, Journal>()
  const journalOf = (namespace: string): Journal => {
    const known = journals.get(namespace)
    if (known !== undefined) return known
    const made = {
      batches: [], runs: new Map(), secret: newSecret(), bytes: 0, forgottenTo: undefined
    }
    journals.set(namespace, made)
    return made
  }

  return {
    kind: 'memory',
    async append (batch) {
      const journal = journalOf(batch.namespace)
      if ((journal.runs.get(batch.run.run)?.seq ?? 0) >= batch.seq) return
      journal.runs.set(batch.run.run, batch)
      if (batch.events.length > 0) {
        journal.batches.push(batch)
        journal.bytes += sizeOf(batch)
      }
      const first = Date.now() - retain
      for (let [oldest] = journal.batches; oldest !== undefined; [oldest] = journal.batches) {
        if (journal.bytes <= maxBytes && oldest.to >= first) break
        journal.batches.shift()
        journal.bytes -= sizeOf(oldest)
        journal.forgottenTo = Math.max(journal.forgottenTo ?? 0, oldest.to)
      }
      for (const [run, { run: { coveredTo } }] of journal.runs) {
        if (coveredTo < first) journal.runs.delete(run)
      }
    },
    async read (namespace, { from, to }) {
      const found = journalOf(namespace).batches.filter(
        (batch) => batch.to >= from && batch.from <= to)
      return {
        batches: found.map(({ run: { run, instance }, events }) =>
          ({ run, instance, events: parseEvents(`[${events.join(',')}]`) })),
        cursor: undefined
      }
    },
    async coverage (namespace) {
      const { runs, forgottenTo } = journalOf(namespace)
      return { runs: [...runs.values()].map(({ run }) => run), forgottenTo }
    },
    namespaces: async () =>
      [...journals].flatMap(([name, { runs }]) => runs.size > 0 ? [name] : []).sort(),
    secret: async (namespace) => journalOf(namespace).secret,
    close () {}
  }
}

const sizeOf = ({ events }: JournalBatch) =>
  events.reduce((sum, text) => sum + text.length, ENTRY_BYTES)
