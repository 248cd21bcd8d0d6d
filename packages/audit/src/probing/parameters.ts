/** Parameters that apps and analytics use, and that keys leave out. */
export const PARAMETERS = [
  'utm_source', 'utm_content', 'gclid', 'fbclid', 'callback', 'lang', 'q', 'page', 'sort', 'debug'
] as const
