import t from 'tap'
import { type EdgeFetch, EdgeJudge } from './edge-judge.js'
import { AGAIN, DELIVERY, type EdgeKind } from './edge-settings.js'
import { Random } from './random.js'

const read = (begin: number, version: number) =>
  ({ resource: 0, version, instance: 'edge', begin, end: begin + 1, cacheStatus: '' })

t.test('old versions after a write of version 2, sent at 90 and acknowledged at 100', async (t) => {
  const bound = { ...AGAIN, varnish: 0 }
  const early = { began: 50, storedBy: Infinity }
  const cases: [EdgeKind, boolean, begin: number, EdgeFetch, isViolation: boolean][] = [
    ['varnish', true, 99, early, false],
    ['varnish', true, 101, early, true],
    ['varnish', false, 101, early, false],
    ['nginx', true, 101, early, false],
    ['nginx', true, 101, { began: 50, storedBy: 95 }, false],
    ['nginx', true, 101, { began: 50, storedBy: 89 }, true],
    ['nginx', false, 101, { began: 50, storedBy: 89 }, false],
    ['nginx', false, 102, { began: 101, storedBy: Infinity }, true],
    ['region', true, 101, early, false],
    ...(['varnish', 'nginx', 'region'] as const).flatMap((kind): typeof cases => [
      [kind, false, 100 + bound[kind] + DELIVERY, early, false],
      [kind, false, 101 + bound[kind] + DELIVERY, early, true]
    ])
  ]
  for (const [kind, isConfirmed, begin, fetch, isViolation] of cases) {
    const judge = new EdgeJudge(kind)
    judge.written(0, { version: 2, instance: 'a', sent: 90, at: 100, isConfirmed })
    const found = judge.read(read(begin, 1), fetch)
    t.equal(found !== undefined, isViolation, JSON.stringify({ kind, isConfirmed, begin, fetch }))
    t.equal(judge.read(read(begin, 2), fetch), undefined)
  }
})

t.test('staleness is the age of the last old answer after each write', async (t) => {
  const judge = new EdgeJudge('region')
  for (let i = 0; i < 4; i++) {
    judge.written(i, { version: 2, instance: 'a', sent: 90, at: 100, isConfirmed: true })
  }
  for (const begin of [110, 130]) judge.read(read(begin, 1))
  judge.read({ ...read(105, 1), resource: 1 })
  t.strictSame(judge.staleness(true), { writes: 4, stale: 2, p50: 5, p99: 30, max: 30 })
  t.strictSame(judge.staleness(false), { writes: 0, stale: 0, p50: 0, p99: 0, max: 0 })
})

/** Plays nginx with random writes, fetches and reads; returns the number of violations. */
function play (seed: string, broken: 'nothing' | 'first purge' | 'second purge'): number {
  const [random, judge] = [new Random(seed), new EdgeJudge('nginx')]
  const due: { readonly at: number, readonly run: () => void }[] = []
  let cached: { version: number, began: number, storedBy: number } | undefined
  let [now, version, violations] = [0, 1, 0]
  const purge = () => { cached = undefined }
  const later = (ms: number, run: () => void) => { due.push({ at: now + ms, run }) }
  const write = () => {
    const [written, sent] = [++version, now]
    if (broken !== 'first purge') later(5, purge)
    later(10, () => {
      judge.written(0, { version: written, instance: 'a', sent, at: now, isConfirmed: true })
    })
    if (broken !== 'second purge') later(10 + AGAIN.nginx + random.between(0, DELIVERY - 20), purge)
  }
  const fetch = () => {
    const response = { version, began: now, storedBy: Infinity }
    later(random.magnitude(1, AGAIN.nginx), () => { cached = response })
  }
  for (let step = 0; step < 3000; step++) {
    now += random.magnitude(1, 1000)
    for (const job of due.filter(({ at }) => at <= now).sort((a, b) => a.at - b.at)) {
      const until = now
      now = job.at
      due.splice(due.indexOf(job), 1)
      job.run()
      now = until
    }
    if (random.chance(0.01)) write()
    else if (cached === undefined) fetch()
    else {
      if (judge.read(read(now, cached.version), { ...cached }) !== undefined) violations++
      cached.storedBy = Math.min(cached.storedBy, now + 1)
    }
  }
  return violations
}

t.test('nginx, played with random steps, is found right as it is, and wrong without a purge', async (t) => {
  for (let seed = 0; seed < 20; seed++) {
    t.equal(play(String(seed), 'nothing'), 0, `seed ${seed}`)
    t.ok(play(String(seed), 'first purge') > 0, `seed ${seed}, no first purge`)
  }
  const seeds = Array.from({ length: 20 }, (_, seed) => String(seed))
  t.ok(seeds.some((seed) => play(seed, 'second purge') > 0), 'no second purge')
})
