/** Database of the tests' instances: an SQLite file in their folder unless a test file sets it. */
export const place: {
  /** Returns the URL of the database of a folder. */
  databaseIn?: (directory: string) => Promise<string>
} = {}
