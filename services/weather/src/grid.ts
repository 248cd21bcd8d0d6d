/** A cell of the grid that weather is kept by. */
export interface Cell {
  readonly latitude: number
  readonly longitude: number
}

/**
 * Cells to a degree: 11 km, about what the global models resolve that Open-Meteo answers from. Whoever is nearer to each other shares
 * an answer, and nobody can ask for more places than there are cells.
 */
const CELLS = 10

/** The cell of a place; the date line is one meridian. */
export function cellOf ({ latitude, longitude }: Cell): Cell {
  const rounded = onGrid(longitude)
  return { latitude: onGrid(latitude), longitude: rounded === -180 ? 180 : rounded }
}

/** By what a cell is known in keys. */
export const cellName = ({ latitude, longitude }: Cell) => `${latitude},${longitude}`

// Without negative zero, which is another text in none but some places.
const onGrid = (degrees: number) => Math.round(degrees * CELLS) / CELLS + 0
