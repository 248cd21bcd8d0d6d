import { type JSX } from 'preact'
import { Shop } from './shop/page.js'
import { Weather } from './weather/page.js'

/** A page that requires a service that announces its demo. */
export interface DemoPage {
  readonly title: string
  readonly demo: string
  readonly Page: () => JSX.Element
}

/** Pages of demos by address. */
export const DEMO_PAGES: Readonly<Record<string, DemoPage>> = {
  shop: { title: 'Shop', demo: 'products', Page: Shop },
  weather: { title: 'Weather', demo: 'weather', Page: Weather }
}
