export * from './record.js'
export { type MetricsStore } from './store.js'
