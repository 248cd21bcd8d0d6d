export * from './record.js'
export { emptySeries, mergeSeries, quantileMs } from './series.js'
export { type MetricsStore } from './store.js'
export { memoryStore } from './stores/memory.js'
