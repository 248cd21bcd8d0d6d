import { UpstreamSilent } from '../errors.js'
import { tags } from '../tags.js'
import { isSaved, type Told } from '../upstream/catalog.js'
import { type Category, type Product } from '../upstream/schemas.js'
import { currentWeather } from '../upstream/weather.js'
import { iconOf } from './icons.js'
import { type Page } from './page.js'

/**
 * Lifetimes of catalog content: writes invalidate it at once, so the times are for changes without
 * a write.
 */
const OF_CATALOG = { ttl: '1m', staleWhileRevalidate: '30s', staleIfError: '6h' } as const
const MOST_VIEWED = 5

/** Renders a product without its surroundings. */
export function productPart (page: Page, { id }: Product): Promise<string> {
  const { shop: { catalog, render } } = page
  return page.part({ key: `product:${id}`, title: 'The product', isEssential: true }, {
    ...OF_CATALOG, tags: [tags.everything, tags.product(id), tags.categoryList]
  }, async () => {
    const [told, categories] = await Promise.all([catalog.product(id), catalog.categories()])
    const product = current(told)
    return render('parts/product', { product, ...placeOf(product, current(categories)) })
  })
}

/** Renders all categories, one of them marked. */
export function categoriesPart (page: Page, marked: string): Promise<string> {
  const { shop: { catalog, render } } = page
  return page.part(
    { key: `categories:${marked}`, title: 'Categories' },
    {
      ...OF_CATALOG,
      tags: [tags.everything, tags.categoryList]
    },
    async () =>
      render('parts/categories', {
        categories: current(await catalog.categories()),
        marked,
        iconOf
      })
  )
}

/** Renders products similar to one. */
export function recommendationsPart (page: Page, { id }: Product): Promise<string> {
  const { shop: { catalog, recommendations, render } } = page
  return page.part({ key: `recommendations:${id}`, title: 'You may also like' }, {
    ...OF_CATALOG, tags: [tags.everything, tags.productLists, tags.product(id)]
  }, async () => {
    const [told, categories] = await Promise.all([catalog.product(id), catalog.categories()])
    const product = current(told)
    const { category, icon } = placeOf(product, current(categories))
    const products = category === undefined ? [] : await recommendations.of(product, category.slug)
    return render('parts/recommendations', { products, icon })
  })
}

/** Renders the weather at the shop's location. No write invalidates it, but an admin can. */
export function weatherPart (page: Page): Promise<string> {
  const { shop: { weather, env: { WEATHER_CITY: city }, render } } = page
  return page.part({ key: `weather:${city}`, title: 'Weather' }, {
    ttl: '5m', staleWhileRevalidate: '10m', staleIfError: '6h', tags: [tags.weather]
  }, async () => render('parts/weather', { city, weather: await currentWeather(weather, city) }))
}

/** Renders the most viewed products, with their views. */
export function mostViewedPart (page: Page): Promise<string> {
  const { shop: { catalog, views, render } } = page
  return page.part({ key: 'most-viewed', title: 'Most viewed' }, {
    ttl: '30s',
    staleWhileRevalidate: '2m',
    staleIfError: '6h',
    tags: [tags.everything, tags.productLists]
  }, async () => {
    const rows = await views.mostViewed(MOST_VIEWED)
    const found = await Promise.all(rows.map(async ({ product, total }) => {
      const told = await catalog.product(product)
      return told === undefined ? [] : [{ product: current(told), total }]
    }))
    return render('parts/most-viewed', { rows: found.flat() })
  })
}

/** Returns current content: cached fragments must not contain old content. */
export function current<T> (told: Told<T> | undefined): T {
  if (told === undefined || isSaved(told)) {
    throw new UpstreamSilent('catalog', new Error('the content is old or unavailable'))
  }
  return told.body
}

/** Returns the category of a product, which may be newer than the list of categories. */
export function placeOf ({ categoryId }: Product, categories: readonly Category[]) {
  const category = categories.find(({ id }) => id === categoryId)
  return { category, icon: iconOf(category?.slug ?? '') }
}
