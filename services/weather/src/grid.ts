/** Cell of the grid by which weather is stored. */
export interface Cell {
  readonly latitude: number
  readonly longitude: number
}

/**
 * Cells per degree: 11 km, about the resolution of the global models behind Open-Meteo. Clients
 * close to each other share a response, and the number of cells limits the number of places.
 */
const CELLS = 10

/**
 * Returns the cell of a place. The date line is one meridian, and a pole one place, on any
 * meridian.
 */
export function cellOf (place: Cell): Cell {
  const [latitude, longitude] = [onGrid(place.latitude), onGrid(place.longitude)]
  if (Math.abs(latitude) === 90) return { latitude, longitude: 0 }
  return { latitude, longitude: longitude === -180 ? 180 : longitude }
}

/** Returns the name of a cell in keys. */
export const cellName = ({ latitude, longitude }: Cell) => `${latitude},${longitude}`

// Avoids negative zero, which some functions render differently.
const onGrid = (degrees: number) => Math.round(degrees * CELLS) / CELLS + 0
