import t from 'tap'
import { memoryStore } from '../src/index.js'
import { storeContract } from './store-contract.js'

storeContract(t, 'memory', async (t) => ({
  shared: false,
  async open () {
    const store = memoryStore()
    t.teardown(() => store.close())
    return store
  }
}))
