/** Pages that everybody looks at: lists and products of the catalog. */
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
 * Pages of the catalog that nobody has asked for before, each a real one: every product costs less
 * than ten million. From a random number on, so that they are new to a cache that an earlier run
 * has filled.
 */
export function coldPaths (): () => string {
  let price = 100_000_000 + Math.floor(Math.random() * 800_000_000)
  return () => `/api/products?limit=20&maxPrice=${price++}`
}
