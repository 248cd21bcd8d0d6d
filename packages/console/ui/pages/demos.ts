import { type JSX } from 'preact'
import { Shop } from './shop/page.js'
import { Weather } from './weather/page.js'

/** A page that needs a service of its kind: one that announces the demonstration. */
export interface DemoPage {
  readonly title: string
  readonly demo: string
  readonly Page: () => JSX.Element
}

/** Pages of demonstrations, by their address. */
export const DEMO_PAGES: Readonly<Record<string, DemoPage>> = {
  shop: { title: 'Shop', demo: 'products', Page: Shop },
  weather: { title: 'Weather', demo: 'weather', Page: Weather }
}
