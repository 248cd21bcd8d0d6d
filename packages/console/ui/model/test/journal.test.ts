import t from 'tap'
import {
  clockMs, eventsRequest, fromLocalInput, journalAddress, journalIn, journalUrl, kindLabel,
  localInput, toneOf, whyRequest, wordsText
} from '../journal.js'
import { parseHash } from '../hash.js'

const viewOf = (hash: string) => journalIn(parseHash(hash).query)

t.test('the address holds the whole view', async (t) => {
  const conditions = { url: '/p?x=1&y=2', client: 'user:alice' }
  const view = { namespace: 'responses', conditions, explains: true, at: 1234 }
  t.strictSame(viewOf(journalAddress(view)), view)
  const list = { namespace: undefined, conditions: { tag: 'ü' }, explains: false, at: undefined }
  t.strictSame(viewOf(journalAddress(list, { range: '1h' })), list)
  t.match(journalAddress(list, { range: '1h' }), 'range=1h')
  t.notMatch(journalAddress({ ...view, at: undefined }, { range: '1h' }), 'range')
  t.strictSame(viewOf('#/journal?why=1&at=noon'), {
    namespace: undefined, conditions: {}, explains: false, at: undefined
  }, 'without a URL there is nothing to explain')
})

t.test('requests of a view', async (t) => {
  const view = viewOf('#/journal?namespace=n&url=%2Fp&client=c&kind=served&why=1&at=5')
  t.equal(whyRequest(view), 'api/stats/journal/why?namespace=n&url=%2Fp&client=c&at=5')
  t.equal(whyRequest({ ...view, at: undefined, conditions: { url: '/p' } }),
    'api/stats/journal/why?namespace=n&url=%2Fp')
  t.equal(eventsRequest(view, 'from=1&to=2'),
    'api/stats/journal?namespace=n&url=%2Fp&client=c&kind=served&from=1&to=2')
})

t.test('times are typed and shown in local time', async (t) => {
  const at = new Date(2026, 10, 29, 14, 3, 7).getTime()
  t.equal(localInput(at), '2026-11-29T14:03:07')
  t.equal(fromLocalInput(localInput(at)), at)
  t.equal(fromLocalInput(''), undefined)
  t.equal(fromLocalInput('2026-99-29T14:03'), undefined)
  t.equal(clockMs(at + 5), '14:03:07.005')
  t.equal(wordsText(['at ', { at }, '.']), 'at 14:03:07.000.')
})

t.test('names and tones', async (t) => {
  t.equal(kindLabel('written'), 'Written')
  t.strictSame(['GET /p/:id/x', '/shop/*', 'GET /p'].map(journalUrl), ['/p/', '/shop/', '/p'])
  t.strictSame(['current', 'not-told', 'unexplained'].map(toneOf), ['good', 'warn', 'bad'])
})
