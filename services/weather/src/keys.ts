import { type Cell, cellName } from './grid.js'
import { daysFetched } from './open-meteo/client.js'
import { folded } from './places/name.js'

// One namespace has all documents: the beginnings of their keys keep them apart.

// Raised with each change of what documents look like: instances of two versions share a store
// while one replaces the other.
const SHAPE = 2

export const placeKey = (city: string) => `place:${SHAPE}:${folded(city)}`
export const currentKey = (cell: Cell) => `current:${SHAPE}:${cellName(cell)}`
/** Of the document that has at least so many days. */
export const forecastKey = (cell: Cell, days: number) =>
  `forecast:${SHAPE}:${daysFetched(days)}:${cellName(cell)}`

/** The name of the cell whose weather is under a key. */
export const cellIn = (key: string) => key.slice(key.lastIndexOf(':') + 1)
