/** A cell of the grid that weather is kept by. */
export interface Cell {
  readonly latitude: number
  readonly longitude: number
}

/**
 * Cells to a degree: 11 km, about what the global models resolve that Open-Meteo answers from.
 * Whoever is nearer to each other shares an answer, and nobody can ask for more places than there
 * are cells.
 */
const CELLS = 10

/**
 * The cell of a place. The date line is one meridian, and a pole one place, on whatever meridian.
 */
export function cellOf (place: Cell): Cell {
  const [latitude, longitude] = [onGrid(place.latitude), onGrid(place.longitude)]
  if (Math.abs(latitude) === 90) return { latitude, longitude: 0 }
  return { latitude, longitude: longitude === -180 ? 180 : longitude }
}

/** By what a cell is known in keys. */
export const cellName = ({ latitude, longitude }: Cell) => `${latitude},${longitude}`

// Without negative zero, which is another text in none but some places.
const onGrid = (degrees: number) => Math.round(degrees * CELLS) / CELLS + 0
