// Files that are compiled, and not part of the bundle of `npm start`. The paths lead there from
// dist/src and from dist/bundle.

/** The program of the lab's thread. */
export const LAB_PROGRAM = new URL('../src/lab/worker.js', import.meta.url)

/** The part of the lab that browsers run. */
export const LAB_LOAD = new URL('../src/lab/load.js', import.meta.url)
