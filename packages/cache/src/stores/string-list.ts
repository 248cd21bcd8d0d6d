/** Parses a JSON list of strings; empty if the text is not one. */
export function parseStrings (text: string): string[] {
  try {
    const list: unknown = JSON.parse(text)
    return Array.isArray(list) ? list.filter((item) => typeof item === 'string') : []
  } catch {
    return []
  }
}
