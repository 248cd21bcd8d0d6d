import fastifyStatic from '@fastify/static'
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import type { Subject } from '../subject.js'

/** A folder of files that is removed when the application closes. */
export function folderOf (app: FastifyInstance, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'weir-transparency-'))
  app.addHook('onClose', async () => { rmSync(folder, { recursive: true, force: true }) })
  for (const [name, text] of Object.entries(files)) writeVersion(join(folder, name), text, 1)
  return folder
}

/** Writes a file as of a version: its modification time is visible to clients. */
function writeVersion (file: string, text: string, version: number): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  const time = Date.UTC(2021, 0, 1) / 1000 + version
  utimesSync(file, time, time)
}

const pageOf = (id: string, version: number) =>
  `<!doctype html><p>page ${id}, version ${version}</p>${'<p>text</p>'.repeat(30)}\n`

/** `@fastify/static`: a folder, and files sent by routes. */
export const files: Subject = {
  name: 'static',
  async plugins () {},
  async routes (app, { state }) {
    const folder = folderOf(app, {
      'public/a.txt': 'a text\n'.repeat(50),
      ...Object.fromEntries(['1', '2', '3'].map((id) => [`pages/${id}.html`, pageOf(id, 1)]))
    })
    await app.register(fastifyStatic, {
      root: [join(folder, 'public'), join(folder, 'pages')],
      prefix: '/files/'
    })
    app.get<{ Params: { id: string } }>(
      '/pages/:id',
      { config: { cache: { ttl: '1m', public: true } } },
      (request, reply) => reply.sendFile(`${request.params.id}.html`, join(folder, 'pages'))
    )
    app.get<{ Params: { id: string } }>(
      '/downloads/:id',
      { config: { cache: { ttl: '1m', public: true, tags: ['pages'] } } },
      (request, reply) =>
        reply.download(`${request.params.id}.html`, 'page.html', { maxAge: '1h' })
    )
    app.put<{ Params: { id: string } }>(
      '/pages/:id',
      { config: { invalidates: ['pages'] } },
      async (request) => {
        const { id } = request.params
        const version = state.bump(`page ${id}`)
        if (/^\d$/.test(id)) {
          writeVersion(join(folder, 'pages', `${id}.html`), pageOf(id, version), version)
        }
        return { version }
      }
    )
  },
  targets: [
    { path: '/pages/{n}', isCached: true, isShared: true },
    { path: '/downloads/{n}', isCached: true, isShared: true },
    { path: '/files/a.txt', isCached: false },
    { path: '/pages/none', isCached: true, isShared: true }
  ],
  writes: [{ method: 'PUT', path: '/pages/{n}' }]
}
