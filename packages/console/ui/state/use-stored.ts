import { useEffect, useState } from 'preact/hooks'
import { type Stored } from '../model/stored.js'

/** The value, and the view anew after each change of it. */
export function useStored<T> (stored: Stored<T>): T {
  // As a function's result: the value may be a function itself.
  const [value, setValue] = useState(() => stored.get())
  useEffect(() => {
    const take = () => setValue(() => stored.get())
    // It may have changed between drawing and now.
    take()
    return stored.subscribe(take)
  }, [stored])
  return value
}
