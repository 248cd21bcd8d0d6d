import 'reflect-metadata'
import { Module, type OnApplicationShutdown } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import conditional from '@weir/fastify/conditional'
import invalidation from '@weir/fastify/invalidation'
import responseCache from '@weir/fastify/response-cache'
import { ProductsController } from './products.controller.js'
import { ProductsService } from './products.service.js'
import { store } from './store.js'

@Module({ controllers: [ProductsController], providers: [ProductsService] })
class AppModule implements OnApplicationShutdown {
  async onApplicationShutdown (): Promise<void> {
    await store.close()
  }
}

const { PORT = '3000' } = process.env
const app = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter(), {
  logger: ['error', 'warn']
})

// Register plugins before init() and listen(), which declare the routes.
await app.register(conditional)
await app.register(responseCache, { store })
await app.register(invalidation)

app.enableShutdownHooks(['SIGINT', 'SIGTERM'])
await app.listen(Number(PORT), '127.0.0.1')
console.log(`Listening on ${await app.getUrl()}`)
