import t from 'tap'
import { Judge } from './judge.js'

/** What happened, in the order in which it did. A read is named, so that its end finds its beginning. */
type Step =
  | { readonly ack: number }
  | { readonly begin: string }
  | { readonly end: string, readonly version: number }

/** Judges a history of one resource: which reads are violations, and who had been told what. */
function judge (history: readonly Step[], resource = 0, judged = new Judge()): string[] {
  const beginnings = new Map<string, { told: ReturnType<Judge['told']>, at: number }>()
  return history.flatMap((step, at) => {
    if ('ack' in step) {
      judged.written(resource, { version: step.ack, instance: 'w', at })
      return []
    }
    if ('begin' in step) {
      beginnings.set(step.begin, { told: judged.told(resource), at })
      return []
    }
    const { told, at: begin } = beginnings.get(step.end) ?? { told: undefined, at: NaN }
    const violation = judged.read({ resource, version: step.version, instance: step.end, begin, end: at, cacheStatus: '' }, told)
    return violation === undefined ? [] : [`${step.end}: ${violation.read.version} after a ${violation.told.by} of ${violation.told.version}`]
  })
}

const histories: [what: string, history: readonly Step[], found: readonly string[]][] = [
  ['a read that began after an acknowledgement returns it', [{ ack: 2 }, { begin: 'a' }, { end: 'a', version: 2 }], []],
  ['or something newer: not every write has been acknowledged', [{ ack: 2 }, { begin: 'a' }, { end: 'a', version: 3 }], []],
  ['a read that began after an acknowledgement returns less', [{ ack: 2 }, { begin: 'a' }, { end: 'a', version: 1 }], ['a: 1 after a write of 2']],
  ['a read that began before it may return either', [{ begin: 'a' }, { begin: 'b' }, { ack: 2 }, { end: 'a', version: 1 }, { end: 'b', version: 2 }], []],
  ['a read goes back behind one that had ended', [
    { begin: 'a' }, { end: 'a', version: 2 }, { begin: 'b' }, { end: 'b', version: 1 }
  ], ['b: 1 after a read of 2']],
  ['reads at the same time may return what they like', [{ begin: 'a' }, { begin: 'b' }, { end: 'a', version: 2 }, { end: 'b', version: 1 }], []],
  ['what counts is the highest that was told, whoever told it', [
    { ack: 5 }, { begin: 'a' }, { end: 'a', version: 6 }, { ack: 4 }, { begin: 'b' }, { end: 'b', version: 5 }
  ], ['b: 5 after a read of 6']],
  ['the acknowledgement of an earlier write that comes late takes nothing back', [
    { ack: 5 }, { ack: 4 }, { begin: 'a' }, { end: 'a', version: 4 }
  ], ['a: 4 after a write of 5']],
  ['a stale read is found each time, and tells nobody anything', [
    { ack: 2 }, { begin: 'a' }, { end: 'a', version: 1 }, { begin: 'b' }, { end: 'b', version: 1 }, { begin: 'c' }, { end: 'c', version: 2 }
  ], ['a: 1 after a write of 2', 'b: 1 after a write of 2']],
  ['a long read is judged by what was told when it began', [
    { ack: 2 }, { begin: 'a' }, { ack: 3 }, { ack: 4 }, { begin: 'b' }, { end: 'a', version: 2 }, { end: 'b', version: 3 }
  ], ['b: 3 after a write of 4']],
  ['nothing was told yet', [{ begin: 'a' }, { end: 'a', version: 1 }], []]
]

for (const [what, history, found] of histories) {
  t.test(what, async (t) => { t.strictSame(judge(history), found) })
}

t.test('each resource is judged by itself', async (t) => {
  const judged = new Judge()
  t.strictSame(judge([{ ack: 9 }], 0, judged), [])
  t.strictSame(judge([{ begin: 'a' }, { end: 'a', version: 1 }], 1, judged), [])
  t.strictSame(judge([{ begin: 'a' }, { end: 'a', version: 1 }], 0, judged), ['a: 1 after a write of 9'])
})
