import { Body, Controller, Get, Param, Put } from '@nestjs/common'
import { RouteConfig } from '@nestjs/platform-fastify'
import { type Product, ProductsService } from './products.service.js'

@Controller()
export class ProductsController {
  constructor (private readonly products: ProductsService) {}

  // The whole response is cached: a hit does not reach this method.
  @Get('products/:id')
  @RouteConfig({ cache: { ttl: '1m', tags: ['product:{id}'] } })
  async product (@Param('id') id: string): Promise<Product> {
    return this.products.find(id)
  }

  // The response is not cached: the method uses the products cached by the service.
  @Get('baskets/:id')
  async basket (@Param('id') id: string) {
    const { price } = await this.products.find(id)
    return { total: price * 2, queries: this.products.queries }
  }

  @Put('products/:id')
  @RouteConfig({ invalidates: ['product:{id}'] })
  async save (@Param('id') id: string, @Body() body: { price: number }): Promise<Product> {
    await this.products.save(id, body.price)
    return { id, price: body.price }
  }
}
