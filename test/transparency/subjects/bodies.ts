import formbody from '@fastify/formbody'
import multipart from '@fastify/multipart'
import type { Subject } from '../subject.js'

/** `@fastify/formbody`: writes by forms. */
export const formbodies: Subject = {
  name: 'formbody',
  async plugins (app) {
    await app.register(formbody)
  },
  routes (app, { state, invalidate }) {
    app.get(
      '/comments',
      { config: { cache: { ttl: '1m', public: true, tags: ['comments'] } } },
      async () => ({ comments: state.version('comments') })
    )
    app.post<{ Body: Record<string, string> }>('/comment', async (request, reply) => {
      state.bump('comments')
      invalidate(reply, ['comments'])
      return reply.code(303).header('location', '/comments').send(request.body)
    })
  },
  targets: [{ path: '/comments', isCached: true, isShared: true }],
  writes: [
    {
      method: 'POST',
      path: '/comment',
      type: 'application/x-www-form-urlencoded',
      body: 'text=a%20comment&item={n}'
    }
  ]
}

const part = (name: string, value: string) =>
  `--boundary\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
const file =
  '--boundary\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\na file\r\n--boundary--\r\n'

/** `@fastify/multipart`: file uploads. */
export const multiparts: Subject = {
  name: 'multipart',
  async plugins (app) {
    await app.register(multipart, { limits: { fileSize: 1000 } })
  },
  routes (app, { state }) {
    app.get<{ Params: { id: string } }>(
      '/uploads/:id',
      { config: { cache: { ttl: '1m', public: true } } },
      async ({ params: { id } }) => ({ id, uploads: state.version(`upload ${id}`) })
    )
    app.post<{ Params: { id: string } }>('/uploads/:id', async (request) => {
      const data = await request.file()
      const text = await data?.toBuffer()
      return {
        name: data?.filename,
        length: text?.length,
        version: state.bump(`upload ${request.params.id}`)
      }
    })
  },
  targets: [{ path: '/uploads/{n}', isCached: true, isShared: true }],
  writes: [
    {
      method: 'POST',
      path: '/uploads/{n}',
      type: 'multipart/form-data; boundary=boundary',
      body: part('item', '{n}') + file
    },
    {
      method: 'POST',
      path: '/uploads/{n}',
      type: 'multipart/form-data; boundary=other',
      body: 'no such parts'
    }
  ]
}
