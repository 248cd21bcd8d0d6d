/**
 * By which documents are invalidated, by admins: nobody else ever does it to weather. Each has
 * `everything`.
 */
export const tags = {
  everything: 'weather',
  places: 'places',
  current: 'current',
  forecasts: 'forecasts',
  /** @param name as `cellName` has it */
  cell: (name: string) => `cell:${name}`
}
