// Compiled files that are not part of the bundle of `npm start`. The paths work from dist/src and
// from dist/bundle.

/** Program of the lab's thread. */
export const LAB_PROGRAM = new URL('../src/lab/worker.js', import.meta.url)

/** Part of the lab that runs in browsers. */
export const LAB_LOAD = new URL('../src/lab/load.js', import.meta.url)
