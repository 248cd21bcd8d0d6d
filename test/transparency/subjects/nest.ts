import { Controller, Get, Module, Param, Put } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter, type NestFastifyApplication, RouteConfig } from '@nestjs/platform-fastify'
import 'reflect-metadata'
import type { Kit, Subject } from '../subject.js'

/** Applies a method's decorators by hand: TypeScript's own are of another kind. */
function decorate (
  type: new () => object,
  name: string,
  decorators: readonly MethodDecorator[],
  parameters: readonly ParameterDecorator[]
): void {
  const { prototype } = type
  for (const [i, decorator] of parameters.entries()) decorator(prototype as object, name, i)
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name)
  for (const decorator of descriptor === undefined ? [] : decorators) {
    decorator(prototype as object, name, descriptor ?? {})
  }
}

/** A module with one controller, as in Nest's documentation. */
function moduleOf ({ state }: Kit): new () => object {
  class Cats {
    find (id: string) {
      return { cat: id, version: state.version(`cat ${id}`) }
    }

    all () {
      return [1, 2, 3].map((id) => this.find(String(id)))
    }

    update (id: string) {
      return { version: state.bump(`cat ${id}`) }
    }
  }
  class Shop {}
  const cache = { ttl: '1m', public: true } as const
  decorate(
    Cats,
    'find',
    [Get(':id'), RouteConfig({ cache: { ...cache, tags: ['cats'] } })],
    [Param('id')]
  )
  decorate(Cats, 'all', [Get(), RouteConfig({ cache: { ...cache, tags: ['cats'] } })], [])
  decorate(Cats, 'update', [Put(':id'), RouteConfig({ invalidates: ['cats'] })], [Param('id')])
  Controller('cats')(Cats)
  Module({ controllers: [Cats] })(Shop)
  return Shop
}

/** NestJS on Fastify. */
export const nest: Subject = {
  name: 'nest',
  async plugins () {},
  async start ({ transport, certificate, plugin }, kit) {
    const adapter =
      transport === 'tls' ? new FastifyAdapter({ https: certificate }) : new FastifyAdapter()
    const app = await NestFactory.create<NestFastifyApplication>(moduleOf(kit), adapter, {
      logger: false,
      forceCloseConnections: true
    })
    await app.register(plugin)
    await app.listen(0, '127.0.0.1')
    return { port: Number(new URL(await app.getUrl()).port), close: () => app.close() }
  },
  targets: [
    { path: '/cats/{n}', isCached: true, isShared: true, queries: ['', '?a=1'] },
    { path: '/cats', isCached: true, isShared: true },
    { path: '/cats/', isCached: true, isShared: true, isStored: false }
  ],
  writes: [{ method: 'PUT', path: '/cats/{n}' }],
  transports: ['http1', 'tls', 'nginx']
}
