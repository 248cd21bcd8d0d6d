import { fork } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { makeDatabase } from './coherence/database.js'
import { versionsApp } from './programs/dying-writer.js'
import { tempDir } from './support/temp-dir.js'

/** Resolves when a relay of this process has delivered. */
async function relayed (t: Test): Promise<void> {
  await new Promise<void>((resolve) => {
    const listen = () => { resolve() }
    subscribe('weir:outbox:relay', listen)
    t.teardown(() => { unsubscribe('weir:outbox:relay', listen) })
  })
}

for (const url of ['/versions/0', '/versions/0?notify=true']) {
  t.test(
    `a writer that is killed after its commit leaves nothing stale, although it named no tags: PUT ${url}`,
    async (t) => {
      const folder = await tempDir(t)
      await makeDatabase(join(folder, 'versions.db'), 1)
      const { app, outbox } = await versionsApp(folder)
      t.teardown(() => app.close())
      const read = ['/versions/0', '/versions']
      for (const path of read) {
        await app.inject(path)
        t.match((await app.inject(path)).headers['cache-status'], /hit/)
      }

      const delivered = relayed(t)
      const writer = fork(new URL('programs/dying-writer.js', import.meta.url), [folder, url])
      t.strictSame(await once(writer, 'exit'), [null, 'SIGKILL'])
      await delivered
      for (const path of read) {
        t.strictSame((await app.inject(path)).json(), [{ version: 2 }], path)
      }
      t.equal(await outbox.pending(), 0)
    }
  )
}
