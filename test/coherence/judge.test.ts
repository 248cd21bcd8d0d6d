import t from 'tap'
import { Judge, type Known } from './judge.js'

/**
 * Events in order. A read has a name, which connects its end with its beginning. `began` and
 * `setAt` use a clock of their own, because invalidations begin before they are acknowledged.
 */
type Step =
  | { readonly ack: number, readonly began?: number }
  | { readonly begin: string }
  | { readonly end: string, readonly version: number, readonly setAt?: number }

/**
 * Judges a history of one resource: returns the reads that are violations, and the versions they
 * contradict.
 */
function judge (
  history: readonly Step[],
  resource = 0,
  judged = new Judge(),
  readsTell = true
): string[] {
  const beginnings = new Map<string, { known: Known; at: number }>()
  return history.flatMap((step, at) => {
    if ('ack' in step) {
      judged.written(resource, { version: step.ack, instance: 'w', at, began: step.began })
      return []
    }
    if ('begin' in step) {
      beginnings.set(step.begin, { known: judged.told(resource), at })
      return []
    }
    const { known, at: begin } = beginnings.get(step.end) ?? { known: [], at: NaN }
    const { version, setAt, end: instance } = step
    const read = { resource, version, setAt, instance, begin, end: at, cacheStatus: '' }
    if (readsTell) judged.seen(read)
    const violation = judged.read(read, known)
    return violation === undefined
      ? []
      : [
          `${step.end}: ${violation.read.version} after a ${violation.told.by} of ${violation.told.version}`
        ]
  })
}

const histories: [what: string, history: readonly Step[], found: readonly string[]][] = [
  [
    'a read that began after an acknowledgement returns it',
    [{ ack: 2 }, { begin: 'a' }, { end: 'a', version: 2 }],
    []
  ],
  [
    'or something newer: not every write has been acknowledged',
    [{ ack: 2 }, { begin: 'a' }, { end: 'a', version: 3 }],
    []
  ],
  [
    'a read that began after an acknowledgement returns less',
    [{ ack: 2 }, { begin: 'a' }, { end: 'a', version: 1 }],
    ['a: 1 after a write of 2']
  ],
  [
    'a read that began before it may return either',
    [
      { begin: 'a' },
      { begin: 'b' },
      { ack: 2 },
      { end: 'a', version: 1 },
      { end: 'b', version: 2 }
    ],
    []
  ],
  [
    'a read goes back behind one that had ended',
    [{ begin: 'a' }, { end: 'a', version: 2 }, { begin: 'b' }, { end: 'b', version: 1 }],
    ['b: 1 after a read of 2']
  ],
  [
    'reads at the same time may return what they like',
    [{ begin: 'a' }, { begin: 'b' }, { end: 'a', version: 2 }, { end: 'b', version: 1 }],
    []
  ],
  [
    'the highest reported version counts, whichever client reported it',
    [
      { ack: 5 },
      { begin: 'a' },
      { end: 'a', version: 6 },
      { ack: 4 },
      { begin: 'b' },
      { end: 'b', version: 5 }
    ],
    ['b: 5 after a read of 6']
  ],
  [
    'the acknowledgement of an earlier write that comes late takes nothing back',
    [{ ack: 5 }, { ack: 4 }, { begin: 'a' }, { end: 'a', version: 4 }],
    ['a: 4 after a write of 5']
  ],
  [
    'a stale read is found each time, and changes no expectation',
    [
      { ack: 2 },
      { begin: 'a' },
      { end: 'a', version: 1 },
      { begin: 'b' },
      { end: 'b', version: 1 },
      { begin: 'c' },
      { end: 'c', version: 2 }
    ],
    ['a: 1 after a write of 2', 'b: 1 after a write of 2']
  ],
  [
    'a long read is judged by what was told when it began',
    [
      { ack: 2 },
      { begin: 'a' },
      { ack: 3 },
      { ack: 4 },
      { begin: 'b' },
      { end: 'a', version: 2 },
      { end: 'b', version: 3 }
    ],
    ['b: 3 after a write of 4']
  ],
  ['nothing was told yet', [{ begin: 'a' }, { end: 'a', version: 1 }], []]
]

for (const [what, history, found] of histories) {
  t.test(what, async (t) => { t.strictSame(judge(history), found) })
}

t.test('resources are judged independently', async (t) => {
  const judged = new Judge()
  t.strictSame(judge([{ ack: 9 }], 0, judged), [])
  t.strictSame(judge([{ begin: 'a' }, { end: 'a', version: 1 }], 1, judged), [])
  t.strictSame(judge([{ begin: 'a' }, { end: 'a', version: 1 }], 0, judged), [
    'a: 1 after a write of 9'
  ])
})

t.test('only writes count where reads are no reports', async (t) => {
  const history: Step[] = [
    { ack: 2 },
    { begin: 'a' },
    { end: 'a', version: 3 },
    { begin: 'b' },
    { end: 'b', version: 2 },
    { begin: 'c' },
    { end: 'c', version: 1 }
  ]
  t.strictSame(judge(history, 0, new Judge(), false), ['c: 1 after a write of 2'])
})

const puts: [what: string, history: readonly Step[], found: readonly string[]][] = [
  [
    'a value that was put before an invalidation began is not served after it',
    [{ ack: 2, began: 100 }, { begin: 'a' }, { end: 'a', version: 1, setAt: 50 }],
    ['a: 1 after a write of 2']
  ],
  [
    'one that was put after it began may be: its caller knew',
    [{ ack: 2, began: 100 }, { begin: 'a' }, { end: 'a', version: 1, setAt: 101 }],
    []
  ],
  [
    'the later of two invalidations counts, though the earlier says more',
    [
      { ack: 3, began: 100 },
      { ack: 2, began: 200 },
      { begin: 'a' },
      { end: 'a', version: 1, setAt: 150 }
    ],
    ['a: 1 after a write of 2']
  ],
  [
    'and says nothing of what it does not cover',
    [
      { ack: 3, began: 100 },
      { ack: 2, began: 200 },
      { begin: 'a' },
      { end: 'a', version: 2, setAt: 150 }
    ],
    []
  ],
  [
    'a computed value is never excused',
    [{ ack: 2, began: 100 }, { begin: 'a' }, { end: 'a', version: 1 }],
    ['a: 1 after a write of 2']
  ],
  [
    'a read that began before the acknowledgement may return what was put earlier',
    [{ begin: 'a' }, { ack: 2, began: 100 }, { end: 'a', version: 1, setAt: 50 }],
    []
  ]
]

for (const [what, history, found] of puts) {
  t.test(what, async (t) => { t.strictSame(judge(history, 0, new Judge(), false), found) })
}
