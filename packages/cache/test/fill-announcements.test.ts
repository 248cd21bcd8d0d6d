import t from 'tap'
import { announcement, FillAnnouncements } from '../src/stores/fill-announcements.js'

const SPAN = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

t.test('the end of a fill is heard with its span, without one, and with anything else', async (t) => {
  const announcements = new FillAnnouncements(undefined, 'channel')
  announcements.heard(announcement('one', 'done', SPAN))
  announcements.heard(announcement('two', 'failed'))
  announcements.heard('done three 00-x')
  t.equal(await announcements.ended('one', 1000, 0), 'done')
  t.equal(announcements.traceparentOf('one'), SPAN)
  t.equal(await announcements.ended('two', 1000, 0), 'failed')
  t.equal(announcements.traceparentOf('two'), undefined)
  t.equal(await announcements.ended('three', 1000, 0), 'done')
  t.equal(announcements.traceparentOf('three'), undefined)
  t.equal(announcements.traceparentOf('unknown'), undefined)
})

t.test('an instance of an earlier version reads what it knows of an announcement', async (t) => {
  const [end, token] = announcement('one', 'done', SPAN).split(' ')
  t.strictSame([end, token], ['done', 'one'])
})
