/** Popular pages: lists and products of the catalog. */
export const POPULAR = [
  ...Array.from({ length: 8 }, (_, i) => `/api/products?limit=20&page=${i + 1}`),
  ...Array.from({ length: 24 }, (_, i) => `/api/products/${i + 1}`)
]

const CITIES = [
  'Berlin',
  'Paris',
  'London',
  'Madrid',
  'Rome',
  'Vienna',
  'Oslo',
  'Tokyo',
  'New York',
  'Cairo',
  'Lagos',
  'Mumbai'
]

export const WEATHER = CITIES.flatMap((city) => {
  const place = `city=${encodeURIComponent(city)}`
  return [`/api/weather/current?${place}`, `/api/weather/forecast?${place}&days=3`]
})

/**
 * Returns a function that gives pages of the catalog that were never requested, each a real one:
 * every product costs less than ten million. Starts at a random number, so that the pages are new
 * to a cache that an earlier run has filled.
 */
export function coldPaths (): () => string {
  let price = 100_000_000 + Math.floor(Math.random() * 800_000_000)
  return () => `/api/products?limit=20&maxPrice=${price++}`
}
