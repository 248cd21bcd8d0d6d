/**
 * Tags with which admins invalidate documents; weather is never invalidated otherwise. Each
 * document has `everything`.
 */
export const tags = {
  everything: 'weather',
  places: 'places',
  current: 'current',
  forecasts: 'forecasts',
  /** @param name result of `cellName` */
  cell: (name: string) => `cell:${name}`
}
