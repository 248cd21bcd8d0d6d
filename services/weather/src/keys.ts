import { type Cell, cellName } from './grid.js'
import { daysFetched } from './open-meteo/client.js'

// One namespace has all documents: the beginnings of their keys keep them apart.

export const placeKey = (city: string) => `place:${normalized(city)}`
export const currentKey = (cell: Cell) => `current:${cellName(cell)}`
/** Of the document that has at least so many days. */
export const forecastKey = (cell: Cell, days: number) => `forecast:${daysFetched(days)}:${cellName(cell)}`

/** The name of the cell whose weather is under a key. */
export const cellIn = (key: string) => key.slice(key.lastIndexOf(':') + 1)

/** A city's name as people type it: what only looks different is the same. */
export const normalized = (city: string) => city.normalize('NFC').trim().replace(/\s+/g, ' ').toLowerCase()
