import type { Algorithm } from './algorithm.js'
import { gcra } from './gcra.js'
import { slidingWindow } from './sliding-window.js'

export type { Meter, State } from './algorithm.js'

export const algorithms = { gcra, 'sliding-window': slidingWindow } satisfies Record<
  string,
  Algorithm
>

export type AlgorithmName = keyof typeof algorithms
