export { fakeClock, type FakeClock } from './fake-clock.js'
export { type StoreCall, type StoreOperation } from '../store-calls.js'
export { testStore, type TestStore, type TestStoreOptions } from './test-store.js'
