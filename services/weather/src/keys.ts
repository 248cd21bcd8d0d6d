import { type Cell, cellName } from './grid.js'
import { daysFetched } from './open-meteo/client.js'
import { folded } from './places/name.js'

// All documents are in one namespace, separated by the prefixes of their keys.

// Increased with each change of the documents' shape: instances of two versions share a store
// during a deployment.
const SHAPE = 2

export const placeKey = (city: string) => `place:${SHAPE}:${folded(city)}`
export const currentKey = (cell: Cell) => `current:${SHAPE}:${cellName(cell)}`
/** Key of the document that has at least this many days. */
export const forecastKey = (cell: Cell, days: number) =>
  `forecast:${SHAPE}:${daysFetched(days)}:${cellName(cell)}`

/** Returns the name of the cell in a weather key. */
export const cellIn = (key: string) => key.slice(key.lastIndexOf(':') + 1)
