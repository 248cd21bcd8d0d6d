import Database from 'better-sqlite3'
import t from 'tap'
import { createOutbox } from '../src/index.js'
import { hashOf } from '../src/tags.js'
import { leftRow, newFile } from './database.js'
import { gate } from './gate.js'

const ROWS = 100_000

/** Leaves rows like those of writers that were killed, or whose cache was away for long. */
function leaveBacklog (file: string): void {
  const database = new Database(file)
  const insert = database.prepare(
    'insert into weir_outbox_tags (namespace, id, hash, tag, created) ' +
    'values (@namespace, @id, @hash, @tag, @created)'
  )
  database.transaction(() => {
    for (let i = 0; i < ROWS; i++) insert.run(leftRow(i, `tag-${i}`))
  })()
  database.close()
}

t.test('a backlog drains while reads and writes continue without waiting for it', async (t) => {
  const { file, connect } = await newFile(t)
  leaveBacklog(file)
  const db = connect()
  const begun = gate()
  const seen = new Set<string>()
  let most = 0
  const outbox = createOutbox({
    db,
    async invalidate (tags) {
      most = Math.max(most, tags.length)
      for (const tag of tags) seen.add(tag)
      begun.open()
    }
  })
  t.teardown(() => outbox.stop())
  const first = outbox.start()
  await begun.opened

  for (let i = 0; i < 20; i++) {
    const ticket = await db.transaction().execute((trx) => outbox.add(trx, [`write-${i}`, 'list']))
    t.equal(await outbox.deliver(ticket), 'delivered')
    await outbox.settle([`read-${i}`, `tag-${ROWS - 1 - i}`])
  }
  const left = await outbox.pending()
  t.ok(left > ROWS / 4, `${left} rows are left`)
  t.ok(seen.has(`tag-${ROWS - 1}`), 'what is read was delivered, before its turn')
  t.notOk(outbox.isDrained())

  await first
  t.equal(await outbox.pending(), 0)
  t.equal([...seen].filter((tag) => tag.startsWith('tag-')).length, ROWS)
  t.ok(most <= 500, `${most} tags at once`)
})

t.test('reading uses an index, however many rows there are', async (t) => {
  const { file } = await newFile(t)
  const database = new Database(file)
  t.teardown(() => database.close())
  const plan = (query: string) =>
    database
      .prepare(`explain query plan ${query}`)
      .all(hashOf('tag'))
      .map((step) => JSON.stringify(step))
      .join()
  t.match(
    plan(
      "select id, hash from weir_outbox_tags where namespace = 'responses' and hash in (?) limit 1000"
    ),
    /SEARCH.*COVERING INDEX/
  )
  t.match(
    plan(
      "select id, tag from weir_outbox_tags where namespace = 'responses' and id > ? order by id limit 100"
    ),
    /SEARCH.*\(namespace=\? AND id>\?\)/
  )
})
