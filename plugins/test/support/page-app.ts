import view from '@fastify/view'
import { memoryStore } from '@weir/cache/memory'
import Fastify, { type FastifyInstance } from 'fastify'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Test } from 'tap'
import fragments, { type FragmentsOptions } from '../../fragments/index.js'

/**
 * Returns an application with `@fastify/view`, an engine with templates, and fragments. Closed with
 * the test.
 */
export async function pageApp (
  t: Test, engine: object, templates: Readonly<Record<string, string>>,
  options: FragmentsOptions = { cache: memoryStore() }, app = Fastify()
): Promise<FastifyInstance> {
  t.teardown(() => app.close())
  const root = t.testdir()
  for (const [name, text] of Object.entries(templates)) {
    await mkdir(dirname(join(root, name)), { recursive: true })
    await writeFile(join(root, name), text)
  }
  await app.register(fragments, options)
  await app.register(view, { engine, root, options: { async: true } })
  return app
}
